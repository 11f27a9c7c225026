"""From words as they come to whole sentences with their citations."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from kb import dutch
from kb.chunking import sentences
from kb.generating.generated import Cited, Cut

_CITATION = re.compile(r"\s*\[\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*\]")
_LEADING = re.compile(rf"(?:{_CITATION.pattern})+\s*")
_NUMBER = re.compile(r"\d+")
# Marks of a list, a heading or emphasis: some models write Markdown whatever they are asked.
_MARKUP = re.compile(r"^(?:[-*•–#>]+|\d{1,2}[.)])\s+|\*\*|__|`")
_THOUGHTS = ("<think>", "</think>")
# What has not ended by then is no sentence.
_LONGEST = 1_000


async def cited_sentences(pieces: AsyncIterator[str]) -> AsyncGenerator[Cited, None]:
    """Each sentence once it has ended: by what follows it, or by the end of the answer.

    A citation behind a full stop goes with the sentence before it. Thoughts of a model that thinks first are
    left out. Raises `Cut` where the pieces do, without the sentence that it cut off.
    """
    text, cut = "", None
    try:
        async for piece in pieces:
            # A whole answer may be there already, in many pieces: others have their turn between two.
            await asyncio.sleep(0)
            text += piece
            answer = _without_thoughts(text)
            if answer is None:
                continue
            found = list(_split(answer))
            # The last may go on; the one before may still get the citation with which the last begins.
            held = 2 if found and answer[found[-1][0]] == "[" else 1
            for _, sentence in found[:-held]:
                yield sentence
            if len(found) > held:
                text = answer[found[-held][0] :]
            elif len(answer) > _LONGEST:
                text = ""
    except Cut as error:
        cut = error
    rest = [sentence for _, sentence in _split(_without_thoughts(text) or "")]
    for sentence in rest[:-1] if cut else rest:
        yield sentence
    if cut:
        raise cut


def _split(text: str) -> Iterator[tuple[int, Cited]]:
    """The sentences of a text, each with where it starts."""
    begun: tuple[int, str] | None = None
    for first, end in sentences(text):
        start = first
        leading = _LEADING.match(text[first:end])
        if begun and leading and not _CITATION.search(begun[1]):
            begun = begun[0], begun[1] + leading.group()
            start += leading.end()
        if start < end:
            if begun:
                yield begun[0], _cited(begun[1])
            begun = start, text[start:end]
    if begun:
        yield begun[0], _cited(begun[1])


def _cited(sentence: str) -> Cited:
    marks = _CITATION.findall(sentence)
    numbers = dict.fromkeys(int(number) for mark in marks for number in _NUMBER.findall(mark))
    words = _MARKUP.sub("", _CITATION.sub("", sentence).strip())
    return Cited(text=dutch.printable(" ".join(words.split())), citations=tuple(numbers))


def _without_thoughts(text: str) -> str | None:
    """The text without the thoughts that it begins with; None while they last."""
    begin, end = _THOUGHTS
    stripped = text.lstrip()
    if stripped.startswith(begin):
        return text.partition(end)[2] if end in text else None
    return None if begin.startswith(stripped) and stripped else text

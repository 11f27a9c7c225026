"""Links to passages that hold when the index is built again, and what became of a passage since.

A passage's id depends on its document's path and on its own words, so a file that gets another name or is
edited takes the ids of its passages with it. A link therefore also tells the document and the first words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from kb.documents import Passage, stable_id
from kb.errors import NotFound
from kb.index import DocumentRecord, Filter, Index
from kb.language import analyse_query, tokens

DOCUMENT, BEGINS = "document", "begint"

_WORDS = 6
_LETTERS = 60
# Fewer words than these stand in many documents that have nothing else in common.
_FEWEST = 4
# Passages that are looked at, and how many of them are named.
_DEPTH = 200
_NAMED = 5
# How often the same words may stand in one document and its passages still be told apart.
_TURNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Permalink:
    """What a link tells of a passage: its id, its document's id and its first words, without punctuation.

    The last two are "" in a link that was shortened by hand.
    """

    passage_id: str
    document_id: str = ""
    begins: str = ""

    @classmethod
    def to(cls, passage: Passage) -> Self:
        """The link to a passage."""
        return cls(
            passage_id=passage.id,
            document_id=passage.document_id,
            begins=_first_words(passage.text),
        )

    @property
    def path(self) -> str:
        """Its address within a service, which begins with a slash."""
        # With hyphens an address stays legible, and whole where it is pasted into a text.
        told = {DOCUMENT: self.document_id, BEGINS: self.begins.replace(" ", "-")}
        query = urlencode({name: value for name, value in told.items() if value})
        return f"/passages/{self.passage_id}" + (f"?{query}" if query else "")

    @property
    def told_words(self) -> str:
        """The first words, as far as one is shown them: whoever makes a link can write anything there."""
        return " ".join(self.begins.split())[:_LETTERS]

    def is_to(self, text: str) -> bool:
        """Whether `text` is word for word what the link was made for; it takes the document's id to tell."""
        return any(
            stable_id("passage", self.document_id, text, str(turn)) == self.passage_id
            for turn in range(1, _TURNS + 1)
        )


class Finding(StrEnum):
    """What became of the passage of a link.

    `KEPT`: it is there. `CHANGED`: its document still holds its first words, in a passage that is not the
    same any more. `MOVED`: the same text, word for word, stands in another document. `ALIKE`: another
    document begins a passage with the same words. `GONE`: nothing of it was found.
    """

    KEPT = "kept"
    CHANGED = "changed"
    MOVED = "moved"
    ALIKE = "alike"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where the passage of a link is now: `passages` are the best of the places, at most five.

    `document` is the one that the link names; None when it is not in the index.
    """

    finding: Finding
    passages: tuple[Passage, ...] = ()
    document: DocumentRecord | None = None


def find_again(link: Permalink, index: Index) -> Whereabouts:
    """What became of the passage of a link in `index`."""
    try:
        (found,) = index.passages([index.passage_row(link.passage_id)])
    except NotFound:
        return _sought(link, index)
    (document,) = index.documents([found.passage.document_id])
    return Whereabouts(finding=Finding.KEPT, passages=(found.passage,), document=document)


def _sought(link: Permalink, index: Index) -> Whereabouts:
    document, own = _document(link, index)
    words = _words(link.told_words)
    holding = [passage for passage in own if words and f" {words}" in f" {_words(passage.text)}"]
    if holding:
        return Whereabouts(finding=Finding.CHANGED, passages=tuple(holding[:_NAMED]), document=document)
    others = [passage for passage in _with_words(link.told_words, index) if _begins(passage, words)]
    moved = [passage for passage in others if link.is_to(passage.text)]
    if moved:
        return Whereabouts(finding=Finding.MOVED, passages=tuple(moved[:_NAMED]), document=document)
    if others and words.count(" ") + 1 >= _FEWEST:
        return Whereabouts(finding=Finding.ALIKE, passages=tuple(others[:_NAMED]), document=document)
    return Whereabouts(finding=Finding.GONE, document=document)


def _document(link: Permalink, index: Index) -> tuple[DocumentRecord | None, Sequence[Passage]]:
    """The document that a link names, with its passages."""
    try:
        rows = index.document_rows(link.document_id)
    except NotFound:
        return None, ()
    (document,) = index.documents([link.document_id])
    return document, [record.passage for record in index.passages(rows)]


def _with_words(text: str, index: Index) -> list[Passage]:
    """The passages that hold most of these words, best first."""
    terms = analyse_query(text)
    if not terms:
        return []
    found = index.lexical(terms, k=_DEPTH, filter=Filter())
    return [record.passage for record in index.passages(found.rows)]


def _begins(passage: Passage, words: str) -> bool:
    return bool(words) and _words(passage.text[: 4 * _LETTERS]).startswith(words)


def _first_words(text: str) -> str:
    start = text[: 4 * _LETTERS]
    found = [start[first:last] for _, first, last in tokens(start)][:_WORDS]
    while len(found) > 1 and len(" ".join(found)) > _LETTERS:
        found.pop()
    return " ".join(found)[:_LETTERS]


def _words(text: str) -> str:
    """The words alone: punctuation, case and white space are what changes when a file is read anew."""
    return " ".join(word for word, _, _ in tokens(text))

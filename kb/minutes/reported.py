"""Reported speech: "Jan geeft aan dat het zo is", "verder stelt Jan voor om …", "volgens Jan is het zo"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb.chunking import sentences
from kb.documents import Role
from kb.minutes.lines import MOST_CHARACTERS, Line
from kb.minutes.names import NAME, Person
from kb.minutes.people import People
from kb.minutes.speakers import SPEAKER, speaker_of
from kb.minutes.speech import Speech, known, named
from kb.minutes.verbs import FURTHER, PRONOUN, SAID, SPEAKS, SUBJECT_FIRST, VERB_FIRST

_MARKS = "“„«‘\"'"
# As far as a subject and its verb are looked for in a sentence.
_HEAD = 400
_TITLED = re.compile(rf"{SPEAKER}\s(?:ook\s|also\s)?{SPEAKS}")
_ACCORDING = re.compile(rf"(?:Volgens|According to)\s{SPEAKER}(?=[\s,])")
_SO_SAYS = re.compile(rf"(?:,|\(|^)\s?aldus\s{SPEAKER}", re.MULTILINE)
_ALONE = re.compile(rf"\(?aldus\s(?P<who>{NAME})\)?\.?")
# "De strategie moet naar binnen gericht zijn. (Jan)"
_BEHIND = re.compile(rf"[.?!…][\"”’]?\s{{0,2}}\((?P<who>{NAME})\)\.?$")


def reported(lines: Sequence[Line], people: People) -> Iterator[Speech]:
    """The reported speech of lines, sentence by sentence."""
    for number, line in enumerate(lines):
        if line.role in (Role.HEADING, Role.TABLE_ROW):
            continue
        alone = _ALONE.fullmatch(line.text)
        if alone and number and (speakers := known(alone["who"], people)):
            yield Speech(start=lines[number - 1].start, end=line.end, speakers=speakers)
            continue
        text = line.text[:MOST_CHARACTERS]
        for start, end in _sentences(text):
            if speech := _said(text[start:end], line.start + start, people):
                yield speech


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a line; a name in brackets that ends it belongs to all of it."""
    if _BEHIND.search(text[-_HEAD:]):
        yield 0, len(text)
    else:
        yield from sentences(text)


def _said(sentence: str, offset: int, people: People) -> Speech | None:
    head = sentence[:_HEAD]
    end = offset + len(sentence)
    pronoun = PRONOUN.match(head)
    if pronoun and _says(sentence, pronoun.end()):
        return Speech(start=offset, end=end)
    titled = _TITLED.match(head)
    if titled and _says(sentence, titled.end()) and (person := speaker_of(titled, people)):
        return Speech(start=offset, end=end, speakers=(person,))
    first = SUBJECT_FIRST.match(head)
    if first and _says(sentence, first.end()) and (speakers := named(first["who"], people)):
        return Speech(start=offset, end=end, speakers=speakers)
    turned = VERB_FIRST.match(head)
    if turned and _is_said(head, turned) and (speakers := known(turned["who"], people)):
        return Speech(start=offset, end=end, speakers=speakers)
    return _of_source(sentence, offset, people) or _further(sentence, offset, people)


def _further(sentence: str, offset: int, people: People) -> Speech | None:
    """What somebody says in a later clause of a sentence, from their name on."""
    head = sentence[:_HEAD]
    for form in (re.compile(rf"(?<!\w)(?P<who>{people.pattern})\s{SPEAKS}"), FURTHER):
        for found in form.finditer(head):
            if _says(sentence, found.end()) and (speakers := known(found["who"], people)):
                return Speech(
                    start=offset + found.start("who"), end=offset + len(sentence), speakers=speakers
                )
    return None


def _says(sentence: str, start: int) -> bool:
    """Whether the verb at `start` is one of saying, and its words are told and not quoted: see `quoted`."""
    said = SAID.match(sentence[:_HEAD], start)
    rest = sentence[said.end() :].lstrip(" :,") if said else ""
    return bool(rest) and rest[0] not in _MARKS


def _is_said(head: str, turned: re.Match[str]) -> bool:
    """Whether a clause follows when the subject is taken from between the parts of the verb."""
    return SAID.match(f"{turned['verb']}{head[turned.end() :]}") is not None


def _of_source(sentence: str, offset: int, people: People) -> Speech | None:
    according = _ACCORDING.match(sentence[:_HEAD])
    if according and sentence[according.end() :].lstrip(" ,")[:1] not in tuple(_MARKS):
        person = _stated(according, people)
        return Speech(start=offset, end=offset + len(sentence), speakers=(person,)) if person else None
    behind = _BEHIND.search(sentence)
    if behind and (person := people.find(behind["who"])):
        return Speech(start=offset, end=offset + behind.start() + 1, speakers=(person,))
    source = _SO_SAYS.search(sentence)
    if source and source.start() > 0 and (person := _stated(source, people)):
        return Speech(start=offset, end=offset + source.start(), speakers=(person,))
    return None


def _stated(found: re.Match[str], people: People) -> Person | None:
    """Somebody who is known, or has a title or role: "volgens Common Ground" names nobody."""
    if found["title"] or found["role"]:
        return speaker_of(found, people)
    speakers = known(found["who"], people) if found["who"] else ()
    return speakers[0] if speakers else None

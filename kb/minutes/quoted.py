"""Words between quotation marks that somebody said or wrote, told from terms, titles and names.

Marks hold a quotation where the text says so (“…”, aldus Jan; Jan zegt: “…”), where they hold a whole
sentence, or where a whole line is nothing but them in a row of such lines or below "Quotes van deelnemers:".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kb.documents import Role
from kb.minutes.lines import MOST_CHARACTERS, Line
from kb.minutes.marks import Marked, find_marked
from kb.minutes.names import FULL_NAME, ROLE, Person, organisation_after
from kb.minutes.people import People
from kb.minutes.speakers import SPEAKER, speaker_of
from kb.minutes.speech import Speech
from kb.minutes.verbs import VERB

_AROUND = 160
# Longer quotations of several paragraphs are not put together.
_MOST_JOINED = 4_000
_LEAST_WORDS = 3
_LEAST_WORDS_OF_SENTENCE = 8
# One in which somebody speaks of himself or to another may be shorter.
_LEAST_WORDS_OF_OWN = 5
# Marks that each paragraph of one quotation begins with.
_REOPENED = "“„«"
_OWN = re.compile(r"\b(?:ik|mij|mijn|wij|we|ons|onze|je|jij|jullie|u|uw|I|my|our|you|your)\b", re.IGNORECASE)
_TITLE_BEFORE = re.compile(
    r"\b(?:als|zoals|term|woord|begrip|titel|hoofdstuk|paragraaf|naam|sessie|kop|kopje|getiteld|blog|artikel|"
    r"boek|rapport|presentatie|notitie|norm|rule|regel|zie|zie ook|see|titled|title)\W*$",
    re.IGNORECASE,
)
# "detail": "De aanvraag kon niet worden gewijzigd."
_KEY_BEFORE = re.compile(r"[\"']\s?[:=]\s?$|[\[{=]\s?$")
_LIST_OF_QUOTES = re.compile(
    r"\b(?:quotes?|citaten|citaat|uitspraken|reacties|aldus|quotations|in de woorden)\b.{0,60}:?\s*$", re.I
)
_AFTER = re.compile(rf"\s?[,.]?\s?(?:zo\s)?(?:aldus|volgens|according to|{VERB})\s(?:ook\s)?{SPEAKER}")
_THAT_SAYS = re.compile(rf"\.?\s(?:Dat|Dit|That|This|Zo)\s{VERB}\s{SPEAKER}")
_APPOSITION = re.compile(rf",\s(?:de\s|het\s)?(?P<role>(?i:{ROLE}))\b")
_DASHED = re.compile(rf"\s?[-–—]\s?(?P<who>{FULL_NAME})")
_SAYS_BEFORE = (
    rf"\s(?:{VERB}|vat|vatte|concludeert|roept|riep|verzucht|verzuchtte)(?:\s(?:op|aan|toe|uit|samen|dat|that))*"
    r"(?:\s[^.?!:]{0,40}[:;,]|[:;,])?\s?$"
)
_BEFORE = re.compile(rf"(?:^|(?<=[\s(])){SPEAKER}{_SAYS_BEFORE}")
_SOURCE_BEFORE = re.compile(rf"\b(?:[Vv]olgens|[Aa]ccording to)\s{SPEAKER}[,:]?\s?$")
_COLON = re.compile(rf"(?:{VERB}|citaat|quote|woorden|oproep|aan mee;?|mee)[^.?!:]{{0,30}}[:;]\s?$")


def quoted(lines: Sequence[Line], people: People) -> Iterator[Speech]:
    """The literal quotations of lines that follow each other."""
    lines = list(_joined(lines))
    whole = [_is_whole(line) for line in lines]
    for number, line in enumerate(lines):
        if line.role in (Role.HEADING, Role.TABLE_ROW):
            continue
        is_listed = whole[number] and (
            any(whole[max(0, number - 1) : number])
            or any(whole[number + 1 : number + 2])
            or _announced(lines, number)
        )
        text = line.text[:MOST_CHARACTERS]
        for marked in find_marked(text):
            before = text[max(0, marked.start - _AROUND) : marked.start]
            after = text[marked.end : marked.end + _AROUND]
            speaker = _speaker(before, after, marked, people)
            if speaker is None and not is_listed and not _is_sentence(marked, before):
                continue
            yield Speech(
                start=line.start + marked.start,
                end=line.start + marked.end,
                speakers=(speaker,) if speaker and speaker != Person(name=None) else (),
                literal=True,
            )


def _joined(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, those of one quotation together: each but the last opens with a mark and closes none."""
    held: Line | None = None
    for following in lines:
        line = following
        if held and held.role is following.role and following.text[0] in _REOPENED:
            gap = "\n" * (following.start - held.end)
            line = replace(held, text=f"{held.text}{gap}{following.text}")
        elif held:
            yield held
        held = line if line.role is Role.PARAGRAPH and _is_open(line.text) else None
        if not held:
            yield line
    if held:
        yield held


def _is_open(text: str) -> bool:
    """Whether it opens a quotation that it does not close."""
    opened = max(text.rfind(mark) for mark in _REOPENED)
    return opened >= 0 and not any(mark in text[opened + 1 :] for mark in "”»“") and len(text) < _MOST_JOINED


def _is_whole(line: Line) -> bool:
    """Whether a line is one quotation and nothing more, but perhaps for its speaker."""
    marked = find_marked(line.text[:MOST_CHARACTERS])
    if line.role is Role.HEADING or len(marked) != 1 or len(marked[0].words.split()) < 2:
        return False
    rest = line.text[marked[0].end :].strip(" .,")
    return not line.text[: marked[0].start].strip(" -•*") and (not rest or bool(_DASHED.match(f" {rest}")))


def _announced(lines: Sequence[Line], number: int) -> bool:
    """Whether the line above, or the heading, says that quotations follow."""
    above = lines[number - 1].text if number else ""
    headings = lines[number].headings[-1:]
    return any(_LIST_OF_QUOTES.search(text[-_AROUND:]) for text in (above, *headings) if text)


def _is_sentence(marked: Marked, before: str) -> bool:
    """Whether it is a whole sentence that somebody said or wrote, not a title, an example or a message."""
    words = marked.words.split()
    is_own = _OWN.search(marked.words) is not None
    is_long = len(words) >= (_LEAST_WORDS_OF_OWN if is_own else _LEAST_WORDS_OF_SENTENCE)
    is_whole = words[0][0].isupper() and words[-1][-1] in ".!?…"
    return is_long and is_whole and not _TITLE_BEFORE.search(before) and not _KEY_BEFORE.search(before)


def _speaker(before: str, after: str, marked: Marked, people: People) -> Person | None:
    """Who said it, as the words around it state; nobody by name where these only say that somebody did."""
    if len(marked.words.split()) < _LEAST_WORDS:
        return None
    if _KEY_BEFORE.search(before) or _TITLE_BEFORE.search(before):
        return None
    behind = _AFTER.match(after) or _THAT_SAYS.match(after)
    if behind and (person := speaker_of(behind, people, after[behind.end() :])):
        return person
    if dashed := _DASHED.match(after):
        return _dashed(dashed, after, people)
    for form in (_SOURCE_BEFORE, _BEFORE):
        for found in form.finditer(before):
            if person := speaker_of(found, people):
                return person
    return Person(name=None) if _COLON.search(before) else None


def _dashed(found: re.Match[str], after: str, people: People) -> Person:
    """The one whose name stands behind a dash: "– Jan de Boer, adviseur bij Duinstad"."""
    apposition = _APPOSITION.match(after, found.end())
    organisation = organisation_after(after[apposition.end() if apposition else found.end() :])
    listed = people.find(found["who"]) or Person(name=found["who"])
    return Person(
        name=listed.name,
        role=apposition["role"] if apposition else listed.role,
        organisation=organisation[0] if organisation else listed.organisation,
    )

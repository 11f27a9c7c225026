"""What was said, decided, agreed to be done and asked at a meeting, and by whom."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.documents import Passage, name_key
from kb.history.meetings import Meeting
from kb.index import DocumentRecord, Index
from kb.index.labels import LabelCount, LabelFacet, StatementRecord
from kb.minutes import StatementKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A statement with its words and where it stands: the passage that it begins in."""

    statement: StatementRecord
    text: str
    document: DocumentRecord
    passage: Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who spoke at a meeting, with the number of quotations; role and organisation where these are
    told."""

    name: str
    role: str | None
    organisation: str | None
    quotations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceedings:
    """What documents tell of a meeting.

    `statements` are in the order of its documents and their text; what several documents have word for word
    is there once. `municipalities` are those that its documents name, in most documents first.
    """

    meeting: Meeting
    statements: tuple[Stated, ...]
    people: tuple[Participant, ...]
    municipalities: tuple[LabelCount, ...]

    @property
    def counts(self) -> Mapping[StatementKind, int]:
        """How many statements there are of each kind."""
        return {kind: len(self.of(kind)) for kind in StatementKind}

    def of(self, kind: StatementKind) -> Sequence[Stated]:
        """The statements of one kind."""
        return [one for one in self.statements if one.statement.kind is kind]


def proceedings(index: Index, meeting: Meeting) -> Proceedings:
    """What the documents of a meeting tell of it."""
    ids = [record.id for record in meeting.documents]
    statements = index.statements(ids)
    stated: dict[tuple[str, str, str], Stated] = {}
    for record in meeting.documents:
        for one in _stated(index, record, statements.get(record.id, ())):
            speaker = name_key(one.statement.speaker or "")
            stated.setdefault((one.statement.kind, speaker, name_key(one.text)), one)
    return Proceedings(
        meeting=meeting,
        statements=tuple(stated.values()),
        people=_people(meeting, stated.values()),
        municipalities=tuple(index.label_counts(LabelFacet.MUNICIPALITY, documents=ids)),
    )


def _stated(index: Index, record: DocumentRecord, statements: Sequence[StatementRecord]) -> list[Stated]:
    """The statements of a document with their words; what lies in no passage is left out."""
    if not statements:
        return []
    passages = [found.passage for found in index.passages(index.document_rows(record.id))]
    starts, ends = [one.start for one in passages], [one.end for one in passages]
    found = []
    for statement in statements:
        # Passages follow each other; one may repeat the end of the one before.
        touched = passages[bisect_right(ends, statement.start) : bisect_left(starts, statement.end)]
        if touched:
            text = " ".join(_words(touched, statement).split())
            found.append(Stated(statement=statement, text=text, document=record, passage=touched[0]))
    return found


def _words(passages: Sequence[Passage], statement: StatementRecord) -> str:
    """The words of a statement, which may run over several passages, some of which repeat the one before."""
    words, at = [], statement.start
    for passage in passages:
        start, end = max(at, passage.start), min(statement.end, passage.end)
        if start < end:
            words.append(passage.text[start - passage.start : end - passage.start])
            at = end
    return "\n".join(words)


def _people(meeting: Meeting, stated: Iterable[Stated]) -> tuple[Participant, ...]:
    """Those who speak by the metadata, then those who are quoted, each once."""
    found = {
        name_key(name): Participant(name=name, role=None, organisation=None, quotations=0)
        for name in meeting.speakers
    }
    for one in stated:
        told = one.statement
        if told.speaker is None:
            continue
        known = found.get(name_key(told.speaker)) or Participant(
            name=told.speaker, role=None, organisation=None, quotations=0
        )
        found[name_key(told.speaker)] = replace(
            known,
            role=known.role or told.role,
            organisation=known.organisation or told.organisation,
            quotations=known.quotations + (told.kind is StatementKind.CITAAT),
        )
    return tuple(found.values())

"""What a suppression list would change of an index, entry by entry: to be looked at before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.documents import Passage
from kb.index import DocumentRecord, Index
from kb.privacy import PrivacyList, Suppressed
from kb.privacy.names import Names, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one entry meets: the documents that it withholds, or in which it masks something, and in how many
    passages. `initials`: in how many more passages a name of it stands with an initial for the first name,
    which the entry does not mask."""

    documents: int
    passages: int = 0
    initials: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What each entry of a list meets in an index, in the order of the list."""

    mask: tuple[Effect, ...]
    withhold: tuple[Effect, ...]


def effects(index: Index, privacy: PrivacyList) -> Effects:
    """What the entries of a list meet in an index, each by itself. Every passage is looked at."""
    records = index.documents()
    masking = [_Masking(entry, privacy) for entry in privacy.mask]
    for record in records if masking else ():
        passages = [found.passage for found in index.passages(index.document_rows(record.id))]
        for one in masking:
            one.look(record, passages)
    withheld = [
        Effect(documents=sum(entry.fits(record.source, record.id) for record in records))
        for entry in privacy.withhold
    ]
    return Effects(mask=tuple(one.effect for one in masking), withhold=tuple(withheld))


class _Masking:
    """One entry of `mask`, and what it met so far."""

    def __init__(self, entry: Suppressed, privacy: PrivacyList) -> None:
        words = [words_of(text) for text in entry.texts]
        shorter = [(first[0], *rest) for first, *rest in words if rest and len(first) > 1]
        self._names = Names(words)
        self._initials = Names(shorter)
        self._privacy = privacy
        self._documents = self._passages = self._shortened = 0

    @property
    def effect(self) -> Effect:
        return Effect(documents=self._documents, passages=self._passages, initials=self._shortened)

    def look(self, record: DocumentRecord, passages: Sequence[Passage]) -> None:
        told = [passage for passage in passages if self._names.spans(_text(passage))]
        about = " | ".join(filter(None, (record.source, record.title, record.host, *record.speakers)))
        self._passages += len(told)
        self._documents += bool(told or self._names.spans(about))
        # What another entry or spelling masks needs no word.
        self._shortened += sum(
            bool(self._initials.spans(self._privacy.names.masked(_text(passage)))) for passage in passages
        )


def _text(passage: Passage) -> str:
    return f"{passage.context}\n{passage.text}"

"""What of an index must not be read under a suppression list: documents, names in passages, words.

An index that was built with the same list holds none of it any more. Of another one every passage is looked
at, once for each list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kb.documents import Access, Event, Passage
from kb.index import DocumentRecord, Index, Mask, Rows
from kb.language import Lexicon, tokens, word_terms, words
from kb.language.terms import code_of
from kb.privacy import PrivacyList
from kb.privacy.documents import masked_event, number_of, within
from kb.privacy.names import Span, with_spans_masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A passage in which names stand: where in its text, and the terms that it holds by them alone."""

    spans: tuple[Span, ...]
    terms: frozenset[str]


@dataclass(slots=True)
class _Words:
    """How often words of passages for everybody, or of the others, must be counted less, by language."""

    dutch: Counter[str] = field(default_factory=Counter)
    english: Counter[str] = field(default_factory=Counter)

    def take(self, code: str, text: str, instead: str = "") -> None:
        counts = self.english if code == "en" else self.dutch
        counts.update(word for word, _, _ in tokens(text))
        counts.subtract(word for word, _, _ in tokens(instead))


class Suppression:
    """All that a list says of one index.

    `records` are the documents that may be read, as they may be, by id; `visible` the rows of their passages,
    of shape (passages,); `touched` the passages in which a name stands, by row; `withheld` the documents that
    may not be read.
    """

    def __init__(self, index: Index, privacy: PrivacyList) -> None:
        self._index = index
        self._privacy = privacy
        self._less = {access: _Words() for access in Access}
        self._gone: set[str] = set()
        self.records: dict[str, DocumentRecord] = {}
        self.touched: dict[int, Touched] = {}
        self.withheld: list[DocumentRecord] = []
        records = index.documents()
        spans = [index.document_rows(record.id) for record in records]
        self.visible: Mask = np.zeros(max((rows.stop for rows in spans), default=0), np.bool_)
        is_clean = index.manifest.privacy == privacy.digest
        for record, rows in zip(records, spans, strict=True):
            if privacy.why_withheld(record.source, record.id):
                self.withheld.append(record)
                self._forget(record, rows)
            else:
                self.visible[rows.start : rows.stop] = True
                pages = None if is_clean or not privacy.names else self._look(record, rows)
                self.records[record.id] = _shown(record, privacy, pages)
        self._forget_events()
        self.hidden = self._hidden()

    def lexicon(self, lexicon: Lexicon, *, only_open: bool) -> Lexicon:
        """The words of the passages as they may be read; `only_open`: of those that everybody may see."""
        kinds = [Access.OPEN] if only_open else list(Access)
        dutch, english = Counter[str](), Counter[str]()
        for access in kinds:
            dutch.update(self._less[access].dutch)
            english.update(self._less[access].english)
        if not self._gone and not dutch and not english:
            return lexicon
        return lexicon.without(dutch, english, self._terms_of_none(only_open=only_open))

    def holders(self, term: str) -> Rows:
        """The rows of the passages that hold a term in words that may be read."""
        rows = self._index.holders(term)
        rows = rows[self.visible[rows]]
        hidden = self.hidden.get(term)
        return rows if hidden is None else rows[~np.isin(rows, hidden)]

    def _hidden(self) -> dict[str, Rows]:
        """The rows of passages that hold a term by a name alone, by term."""
        rows: dict[str, list[int]] = {}
        for row, touched in self.touched.items():
            for term in touched.terms:
                rows.setdefault(term, []).append(row)
        return {term: np.array(sorted(some), np.int64) for term, some in rows.items()}

    def _terms_of_none(self, *, only_open: bool) -> frozenset[str]:
        """Those terms of what may not be read that no passage holds otherwise."""
        terms = frozenset(self._gone | self.hidden.keys())
        if not only_open:
            return frozenset(term for term in terms if not len(self.holders(term)))
        is_open = np.zeros(len(self.visible), np.bool_)
        for record in self.records.values():
            if record.access is Access.OPEN:
                rows = self._index.document_rows(record.id)
                is_open[rows.start : rows.stop] = True
        return frozenset(term for term in terms if not is_open[self.holders(term)].any())

    def _forget(self, record: DocumentRecord, rows: range) -> None:
        """Put down the words of a document that may not be read."""
        code = code_of(record.language)
        for found in self._index.passages(rows):
            passage = found.passage
            self._less[record.access].take(code, passage.text)
            self._gone |= self._terms(code, {*words(passage.text), *words(passage.context)})

    def _forget_events(self) -> None:
        """Let a meeting tell nothing that may come from a document of it that may not be read.

        A build puts down with every document what all of its meeting say: its name may be the title of one.
        """
        gone = {record.event.id for record in self.withheld if record.event}
        met: dict[str, list[DocumentRecord]] = {}
        for record in self.records.values():
            if record.event and record.event.id in gone:
                met.setdefault(record.event.id, []).append(record)
        for kept in met.values():
            dates = {record.date for record in kept}
            event = Event(name=kept[0].title, date=dates.pop() if len(dates) == 1 else None)
            self.records.update((record.id, replace(record, event=event)) for record in kept)

    def _look(self, record: DocumentRecord, rows: range) -> tuple[int, ...] | None:
        """Put down where names stand in a document: on which pages, as `DocumentRecord.masked` has them."""
        passages = [found.passage for found in self._index.passages(rows)]
        text, starts = _text_of(passages)
        spans = self._privacy.names.spans(text)
        pages: set[int] = set()
        is_touched = bool(spans)
        for row, passage, start in zip(rows, passages, starts, strict=True):
            own = within(spans, start, start + len(passage.text))
            outside = (passage.context, *passage.locator.headings, passage.locator.page_label or "")
            if own or any(map(self._privacy.names_any, outside)):
                is_touched = True
                self._touch(row, passage, own, record)
                number = number_of(passage.locator)
                pages |= {number} if number is not None and own else set()
        return tuple(sorted(pages)) if is_touched else None

    def _touch(self, row: int, passage: Passage, spans: Sequence[Span], record: DocumentRecord) -> None:
        code = code_of(record.language)
        text = masked_text(passage.text, spans, self._privacy)
        self._less[record.access].take(code, passage.text, text)
        had = {*words(passage.text), *words(passage.context)}
        has = {*words(text), *words(self._privacy.names.masked(passage.context))}
        terms = self._terms(code, had - has) - self._terms(code, has)
        self.touched[row] = Touched(spans=tuple(spans), terms=frozenset(terms))

    def _terms(self, code: str, some: Iterable[str]) -> set[str]:
        """The terms under which words may stand in the postings."""
        lexicons = {id(one): one for one in (self._index.lexicon, self._index.open_lexicon)}.values()
        return {term for word in some for lexicon in lexicons for term in word_terms(word, code, lexicon)}


def masked_text(text: str, spans: Iterable[Span], privacy: PrivacyList) -> str:
    """A passage's text without names: those at `spans`, of which one may go on in the next passage, and all
    others."""
    return privacy.names.masked(with_spans_masked(text, spans))


def _text_of(passages: Sequence[Passage]) -> tuple[str, list[int]]:
    """The text of a document as far as its passages hold it, and where each of these begins in it."""
    text = ""
    starts = []
    end = 0
    for passage in passages:
        if passage.start >= end:
            text += ("\n" if text else "") + passage.text
            starts.append(len(text) - len(passage.text))
        else:
            # It repeats the end of the one before.
            starts.append(len(text) - (end - passage.start))
            text += passage.text[end - passage.start :]
        end = max(end, passage.end)
    return text, starts


def _shown(record: DocumentRecord, privacy: PrivacyList, pages: tuple[int, ...] | None) -> DocumentRecord:
    """A document as it may be read. `pages` are those on which names were found in its passages."""
    if not privacy.names:
        title = privacy.without_contacts(record.title)
        return record if title == record.title else replace(record, title=title)
    named = replace(
        record,
        title=privacy.names.masked(record.title),
        source=privacy.names.masked(record.source),
        event=masked_event(record.event, privacy) if record.event else None,
        date_text=privacy.names.masked(record.date_text) if record.date_text else record.date_text,
        place=privacy.names.masked(record.place) if record.place else record.place,
        host=next(iter(privacy.readable([record.host] if record.host else [])), None),
        speakers=privacy.readable(record.speakers),
        themes=privacy.readable(record.themes),
    )
    masked = {*(record.masked or ()), *(pages or ())}
    is_masked = record.masked is not None or pages is not None or named != record
    return replace(
        named,
        title=privacy.shown(named.title),
        masked=tuple(sorted(masked)) if is_masked else None,
    )

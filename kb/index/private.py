"""An index as it may be read under a suppression list: as if what it withholds were not there.

It keeps the contract of an index, so nothing that asks one can forget the list. Of an index that was built
before its list, passages with a name in them are found by their other words alone: their vectors know the
name, until the index is built again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.documents import Access, Passage
from kb.index import (
    DocumentRecord,
    Facets,
    Filter,
    Index,
    Manifest,
    PassageRecord,
    Ranking,
    Rows,
    Scores,
    Terms,
    Words,
)
from kb.index.best_rows import best_scored
from kb.index.labels import Label, LabelCount, LabelFacet, StatementRecord
from kb.index.suppressed import Suppression, masked_text
from kb.index.views import View
from kb.language import Lexicon
from kb.privacy import PrivacyList
from kb.privacy.documents import masked_locator
from kb.privacy.reports import told_report
from kb.themes import Theme

# No document has this id.
NOBODY = frozenset({""})
# What is less than this of a score is what rounding left of it.
_NOTHING = 1e-5


def private_view(index: Index, privacy: PrivacyList) -> Index:
    """What may be read of an index; the index itself where nothing must be kept from readers."""
    return PrivateView(index, privacy) if privacy.digest or privacy.hides_contacts else index


class PrivateView(View):
    """What may be read of an index. What is withheld is answered as what does not exist."""

    def __init__(self, index: Index, privacy: PrivacyList) -> None:
        self._index = index
        self._privacy = privacy
        self._kept = kept = Suppression(index, privacy)
        self._records = kept.records
        self._visible = kept.visible
        self._is_clean = index.manifest.privacy == privacy.digest
        counted = {facet: self.label_counts(facet) for facet in LabelFacet} if privacy.digest else {}
        self._facets = Facets.of(self._records.values(), counted) if privacy.digest else index.facets()
        # Passages that were found to hold nothing to mask, by row: most of them, and looked at once.
        self._is_as_it_was = bytearray(len(kept.visible))
        self._touched: Rows = np.array(sorted(kept.touched), np.int64)
        before = {record.id: record for record in index.documents()}
        self._is_filtered_anew = bool(kept.withheld) or any(
            _filtered_by(record) != _filtered_by(before[record.id]) for record in self._records.values()
        )
        self._last_filter: tuple[Filter, Filter] | None = None
        self._lexicon = kept.lexicon(index.lexicon, only_open=False)
        self._open_lexicon = (
            self._lexicon
            if index.open_lexicon is index.lexicon
            else kept.lexicon(index.open_lexicon, only_open=True)
        )
        self._passages = int(kept.visible.sum())
        self._manifest = _manifest(index.manifest, kept) if kept.withheld else index.manifest

    @property
    def lexicon(self) -> Lexicon:
        """The words of its passages that may be read."""
        return self._lexicon

    @property
    def open_lexicon(self) -> Lexicon:
        """Those of the passages that everybody may see."""
        return self._open_lexicon

    def dense(self, vector: npt.NDArray[np.float32], *, k: int, filter: Filter) -> Ranking:
        """The k nearest passages, without those whose vector knows a name."""
        found = self._index.dense(vector, k=k + len(self._touched), filter=self._narrowed(filter))
        is_clean = ~np.isin(found.rows, self._touched)
        return Ranking(found.rows[is_clean][:k], found.scores[is_clean][:k])

    def lexical(self, terms: Terms, *, k: int, filter: Filter) -> Ranking:
        """The k best passages by the words that may be read."""
        hiding = self._hiding(terms)
        most = k + sum(len(rows) for _, rows in hiding)
        found = self._index.lexical(terms, k=most, filter=self._narrowed(filter))
        scores = self._less(found.scores, found.rows, hiding)
        return best_scored(found.rows, scores, k)

    def scores(self, vector: npt.NDArray[np.float32], rows: Rows) -> Scores:
        """The inner product of `vector` with each of `rows`; where a vector knows a name, the mean."""
        return self._levelled(self._index.scores(vector, self._checked(rows)), rows)

    def lexical_scores(self, terms: Terms, rows: Rows) -> Scores:
        """The BM25 score of each of `rows` by the words that may be read."""
        checked = self._checked(rows)
        return self._less(self._index.lexical_scores(terms, checked), checked, self._hiding(terms))

    def holders(self, term: str) -> Rows:
        """The rows of the passages that hold a term in words that may be read."""
        return self._kept.holders(term)

    def known(self, words: Words) -> float:
        """The share of a query's words that any passage holds in words that may be read."""
        hides_any = bool(self._kept.withheld or self._kept.hidden)
        return super().known(words) if hides_any else self._index.known(words)

    def late_interaction(self, tokens: npt.NDArray[np.float32], rows: Rows) -> Scores | None:
        """MaxSim of a query's tokens with each of `rows`; where tokens know a name, the mean."""
        found = self._index.late_interaction(tokens, self._checked(rows))
        return None if found is None else self._levelled(found, rows)

    def token_similarities(self, tokens: npt.NDArray[np.float32], row: int) -> npt.NDArray[np.float32] | None:
        """The similarities of a query's tokens and a passage's; None where it is shown otherwise than it was
        encoded."""
        found = self._index.token_similarities(tokens, int(self._checked([row])[0]))
        return None if found is None or self._is_changed(row) else found

    def sentence_scores(self, vector: npt.NDArray[np.float32], row: int) -> Scores | None:
        """The inner product of `vector` with each sentence of a passage; None as `token_similarities`."""
        found = self._index.sentence_scores(vector, int(self._checked([row])[0]))
        return None if found is None or self._is_changed(row) else found

    def passages(self, rows: Iterable[int]) -> list[PassageRecord]:
        """The passages in these rows as they may be read, without the twins that may not."""
        return [self._shown(found) for found in self._index.passages(self._checked(list(rows)))]

    def rows(self, filter: Filter) -> Rows:
        """The rows of the passages that the filter allows, in order."""
        return self._index.rows(self._narrowed(filter))

    def labelled(self, facet: LabelFacet, values: Collection[str]) -> Rows:
        """The rows of the passages with any of these labels, of those that may be read."""
        rows = self._index.labelled(facet, self._privacy.readable(values))
        return rows[self._visible[rows]]

    def labels_of(self, rows: Iterable[int], facets: Collection[LabelFacet]) -> dict[int, tuple[Label, ...]]:
        """The labels of each of `rows` that may be read."""
        found = self._index.labels_of(self._checked(list(rows)), facets)
        kept = {row: tuple(filter(self._may_be_told, labels)) for row, labels in found.items()}
        return {row: labels for row, labels in kept.items() if labels}

    def label_counts(
        self, facet: LabelFacet, *, documents: Collection[str] | None = None
    ) -> list[LabelCount]:
        """The labels of a facet that may be read, in documents that may be."""
        wanted = documents
        if self._kept.withheld:
            wanted = [
                one for one in (self._records if documents is None else documents) if one in self._records
            ]
        counts = self._index.label_counts(facet, documents=wanted)
        return [count for count in counts if self._may_be_told(count.label)]

    def statements(self, document_ids: Iterable[str]) -> dict[str, tuple[StatementRecord, ...]]:
        """The statements of each of these documents, without the speakers who must not be named."""
        found = self._index.statements([self._known(identifier) for identifier in document_ids])
        return {identifier: tuple(map(self._said, said)) for identifier, said in found.items()}

    def themes(self) -> tuple[Theme, ...]:
        """The themes that its passages were compared with."""
        names_any, shown = self._privacy.names_any, self._privacy.shown
        return tuple(
            theme.model_copy(
                update={
                    "description": shown(theme.description),
                    "queries": tuple(query for query in theme.queries if not names_any(query)),
                }
            )
            for theme in self._index.themes()
            if not names_any(theme.name)
        )

    def report(self) -> Mapping[str, Any]:
        """What the build told, of documents that may be read. Raises `CorruptIndex`."""
        return told_report(self._index.report(), self._privacy)

    def _shown(self, found: PassageRecord) -> PassageRecord:
        visible = self._visible
        if not all(visible[row] for row in found.twins):
            found = dataclasses.replace(found, twins=tuple(row for row in found.twins if visible[row]))
        if self._is_as_it_was[found.row]:
            return found
        passage = self._masked(found)
        if passage == found.passage:
            self._is_as_it_was[found.row] = 1
            return found
        return dataclasses.replace(found, passage=passage)

    def _masked(self, found: PassageRecord) -> Passage:
        passage, privacy = found.passage, self._privacy
        if not self._is_clean:
            touched = self._kept.touched.get(found.row)
            passage = dataclasses.replace(
                passage,
                text=masked_text(passage.text, touched.spans if touched else (), privacy),
                context=privacy.names.masked(passage.context),
                locator=masked_locator(passage.locator, privacy),
            )
        text, context = privacy.without_contacts(passage.text), privacy.without_contacts(passage.context)
        return dataclasses.replace(passage, text=text, context=context)

    def _may_be_told(self, label: Label) -> bool:
        return bool(self._privacy.readable([label.name]))

    def _said(self, statement: StatementRecord) -> StatementRecord:
        privacy = self._privacy
        if not (statement.speaker or statement.role or statement.organisation):
            return statement
        speaker = next(iter(privacy.readable([statement.speaker] if statement.speaker else [])), None)
        return dataclasses.replace(
            statement,
            speaker=speaker,
            # Who is what somewhere may be as good as a name.
            role=privacy.shown(statement.role) if statement.role and speaker == statement.speaker else None,
            organisation=privacy.shown(statement.organisation) if statement.organisation else None,
        )

    def _is_changed(self, row: int) -> bool:
        """Whether a passage, which may be read, is shown otherwise than it was encoded."""
        rows = self._checked([row])
        if self._is_as_it_was[row]:
            return False
        (found,) = self._index.passages(rows)
        shown = self._shown(found).passage
        return (shown.text, shown.context) != (found.passage.text, found.passage.context)

    def _hiding(self, terms: Terms) -> list[tuple[Mapping[str, float], Rows]]:
        """The weighted terms that passages hold by a name alone, each with the rows of these."""
        weights = terms if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        hidden = self._kept.hidden
        return [
            ({key: weight}, np.unique(np.concatenate(rows)))
            for key, weight in weights.items()
            if (rows := [hidden[term] for term in key.split() if term in hidden])
        ]

    def _less(self, scores: Scores, rows: Rows, hiding: Sequence[tuple[Mapping[str, float], Rows]]) -> Scores:
        """BM25 scores without what they owe to names."""
        found = scores.copy()
        for terms, some in hiding:
            at = np.flatnonzero(np.isin(rows, some))
            if len(at):
                found[at] -= self._index.lexical_scores(terms, rows[at])
        found[found < _NOTHING * np.maximum(scores, 1.0)] = 0.0
        return found

    def _levelled(self, scores: Scores, rows: Rows) -> Scores:
        """Scores with, in place of those that may owe something to a name, the mean of the others."""
        knows = np.isin(np.asarray(rows, np.int64), self._touched)
        if not knows.any():
            return scores
        found = scores.copy()
        found[knows] = found[~knows].mean() if not knows.all() else 0.0
        return found

    def _narrowed(self, filter: Filter) -> Filter:
        """The filter as the index itself is asked it: what it says of documents as they may be read, as their
        ids."""
        if not self._is_filtered_anew:
            return filter
        last = self._last_filter
        if last and last[0] == filter:
            return last[1]
        named = Filter(events=filter.events, speakers=filter.speakers, hosts=filter.hosts)
        allowed = frozenset(
            record.id
            for record in self._records.values()
            if named.allows(record) and (not filter.documents or record.id in filter.documents)
        )
        nobody: frozenset[str] = frozenset()
        found = dataclasses.replace(
            filter, events=nobody, speakers=nobody, hosts=nobody, documents=allowed or NOBODY
        )
        self._last_filter = (filter, found)
        return found


def _filtered_by(record: DocumentRecord) -> tuple[Any, ...]:
    """What a filter asks of a document that a list may change."""
    return record.event, record.speakers, record.host


def _manifest(manifest: Manifest, kept: Suppression) -> Manifest:
    sources = {record.source for record in kept.withheld}
    opened = [record for record in kept.withheld if record.access is Access.OPEN]
    documents, passages = manifest.open_documents, manifest.open_passages
    if documents is not None and passages is not None:
        documents -= len(opened)
        passages -= sum(record.passages for record in opened)
    return dataclasses.replace(
        manifest,
        documents=manifest.documents - len(kept.withheld),
        passages=int(kept.visible.sum()),
        open_documents=documents,
        open_passages=passages,
        sources={path: hashes for path, hashes in manifest.sources.items() if path not in sources},
    )

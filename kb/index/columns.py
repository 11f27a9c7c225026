"""Which documents a filter allows, told for all of them at once.

`Filter.allows` says it of one. To ask it of each of tens of thousands takes longer than the search itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kb.documents import Access, name_key
from kb.index import DocumentRecord, Filter, Mask

_Rows = Mapping[Hashable, Sequence[int]]


class DocumentColumns:
    """What a filter may ask of documents, by what is asked."""

    def __init__(self, records: Sequence[DocumentRecord]) -> None:
        self._count = len(records)
        self.row_of = {record.id: row for row, record in enumerate(records)}
        self._kinds = _holders((record.kind,) for record in records)
        self._languages = _holders((record.language,) for record in records)
        self._events = _holders(
            {record.event.id, record.event.name} if record.event else () for record in records
        )
        self._speakers = _holders({name_key(name) for name in record.speakers} for record in records)
        self._hosts = _holders((name_key(record.host),) if record.host else () for record in records)
        self._years = _holders((record.date.year,) if record.date else () for record in records)
        # 0 without a date: the first day there is has number 1.
        self._days: npt.NDArray[np.int32] = np.array(
            [record.date.toordinal() if record.date else 0 for record in records], np.int32
        )
        self._is_open: Mask = np.array([record.access is Access.OPEN for record in records], np.bool_)

    def allowed(self, filter: Filter) -> Mask:
        """The documents of which `filter.allows` is true, of shape (documents,)."""
        mask = np.ones(self._count, np.bool_)
        speakers, hosts = (frozenset(map(name_key, names)) for names in (filter.speakers, filter.hosts))
        for rows, wanted in (
            (self._kinds, filter.kinds), (self._events, filter.events), (self._languages, filter.languages),
            (self._speakers, speakers), (self._hosts, hosts), (self._years, filter.years),
        ):  # fmt: skip
            if wanted:
                mask &= self._only(row for value in wanted for row in rows.get(value, ()))
        if filter.documents:
            mask &= self._only(self.row_of[one] for one in filter.documents if one in self.row_of)
        if filter.only_open:
            mask &= self._is_open
        if filter.date_from:
            mask &= self._days >= filter.date_from.toordinal()
        if filter.date_to:
            mask &= (self._days > 0) & (self._days <= filter.date_to.toordinal())
        return mask

    def _only(self, rows: Iterable[int]) -> Mask:
        """The documents in these rows."""
        mask = np.zeros(self._count, np.bool_)
        mask[np.fromiter(rows, np.int64)] = True
        return mask


def _holders(values: Iterable[Iterable[Hashable]]) -> _Rows:
    """The rows of the documents that have each value."""
    rows: defaultdict[Hashable, list[int]] = defaultdict(list)
    for row, own in enumerate(values):
        for value in own:
            rows[value].append(row)
    return rows

"""Which documents are of one meeting, and which passages belong to a theme: what shows when all are read.

What everybody may see is decided among what everybody may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from kb.documents import Access, Event, Metadata
from kb.events import group_events
from kb.index import Index, Rows
from kb.index.restricted import public_view
from kb.themes import Theme
from kb.themes.matching import theme_rows

# Raised when the same documents come to other meetings.
GROUPING_VERSION = 1


def meetings(described: Mapping[str, Metadata]) -> dict[str, Event]:
    """The event of each document that has one, by its path in the corpus.

    Documents for members join the events of the others, and add nothing to these.
    """
    is_open = {path: told.access is not Access.MEMBERS for path, told in described.items()}
    events = group_events({path: told for path, told in described.items() if is_open[path]})
    if all(is_open.values()):
        return events
    known = {event.id: event for event in events.values()}
    for path, event in group_events(described).items():
        if not is_open[path]:
            events[path] = known.get(event.id, event)
    return events


def themed(themes: Iterable[Theme], index: Index) -> list[tuple[Theme, Rows]]:
    """Each theme with the rows of the passages that its queries find in an index, in order."""
    found = list(theme_rows(themes, index))
    view = public_view(index)
    if view is index:
        return found
    is_open = np.zeros(index.manifest.passages, np.bool_)
    for record in view.documents():
        rows = index.document_rows(record.id)
        is_open[rows.start : rows.stop] = True
    opened = theme_rows((theme for theme, _ in found), view)
    return [
        (theme, np.union1d(rows[~is_open[rows]], among_open))
        for (theme, rows), (_, among_open) in zip(found, opened, strict=True)
    ]

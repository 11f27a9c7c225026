"""How the hits of a search are divided over the values that a filter can name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from kb.arranging import Ranked
from kb.hits import Facet, FacetValue
from kb.index import DocumentRecord, best_spelling, name_key

# Values of a facet that are told, the most frequent ones: a reader chooses from a list.
MAX_VALUES = 100

# The values of a document: each as a filter takes it, and as a reader calls it.
_Values = Iterable[tuple[str, str]]


def facet_values(
    facet: Facet,
    found: Sequence[Ranked],
    documents: Mapping[str, DocumentRecord],
    hit_of: Callable[[Ranked], Hashable],
) -> tuple[FacetValue, ...]:
    """The values of the documents that passages stand in, each with its number of hits, most frequent first.

    `hit_of` says which hit a passage belongs to, so that hits which are groups of passages count once for
    each value that any of these has. `documents` holds the document of each passage by its id.
    """
    hits: dict[str, set[Hashable]] = {}
    names: dict[str, Counter[str]] = {}
    values: dict[str, Counter[str]] = {}
    for one in found:
        for value, name in _of(facet, documents[one.document_id]):
            key = name_key(value)
            hits.setdefault(key, set()).add(hit_of(one))
            values.setdefault(key, Counter())[value] += 1
            names.setdefault(key, Counter())[name] += 1
    counted = [
        FacetValue(value=best_spelling(values[key]), name=best_spelling(names[key]), hits=len(some))
        for key, some in hits.items()
    ]
    return tuple(sorted(counted, key=lambda one: (-one.hits, one.name, one.value))[:MAX_VALUES])


def _of(facet: Facet, record: DocumentRecord) -> _Values:
    match facet:
        case Facet.EVENT:
            return [(record.event.id, record.event.name)] if record.event else []
        case Facet.KIND:
            values: Sequence[str | None] = (record.kind.value,)
        case Facet.YEAR:
            values = (f"{record.date.year:04d}",) if record.date else ()
        case Facet.LANGUAGE:
            values = (record.language,)
        case Facet.HOST:
            values = (record.host,)
        case Facet.SPEAKER:
            values = record.speakers
        case Facet.THEME:
            values = record.themes
    return [(value, value) for value in (" ".join(value.split()) for value in values if value) if value]

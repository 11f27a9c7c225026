"""How the hits of a search are divided over the values that a filter can name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from kb.arranging import Ranked
from kb.documents import name_key
from kb.hits import Facet, FacetValue
from kb.index import DocumentRecord, Index, best_spelling
from kb.index.labels import PLACES, Label, LabelFacet

# Values of a facet that are told, the most frequent ones: a reader chooses from a list.
MAX_VALUES = 100

# Those that passages have of their own; the others are their document's.
_LABELS = {
    Facet.MUNICIPALITY: LabelFacet.MUNICIPALITY,
    Facet.PROVINCE: LabelFacet.PROVINCE,
    Facet.STATEMENT: LabelFacet.STATEMENT,
    Facet.SAID_BY: LabelFacet.SAID_BY,
    Facet.THEME: LabelFacet.THEME,
}

# The values of a passage: each as a filter takes it, and as a reader calls it.
_Values = Iterable[tuple[str, str]]
ValuesOf = Callable[[Ranked], _Values]


def values_of(
    index: Index, facets: Iterable[Facet], found: Sequence[Ranked], documents: Mapping[str, DocumentRecord]
) -> dict[Facet, ValuesOf]:
    """What tells the values of each of the passages that were found, by facet.

    `documents` holds the document of each passage by its id.
    """
    asked = list(facets)
    sorts = [_LABELS[facet] for facet in asked if facet in _LABELS]
    labels = index.labels_of([one.row for one in found], sorts) if sorts else {}

    def of(facet: Facet) -> ValuesOf:
        if facet in _LABELS:
            sort = _LABELS[facet]
            return lambda one: [_value(own) for own in labels.get(one.row, ()) if own.facet is sort]
        return lambda one: _of(facet, documents[one.document_id])

    return {facet: of(facet) for facet in asked}


def facet_values(
    found: Sequence[Ranked], values_of: ValuesOf, hit_of: Callable[[Ranked], Hashable]
) -> tuple[FacetValue, ...]:
    """The values that passages have, each with its number of hits, most frequent first.

    `hit_of` says which hit a passage belongs to, so that hits which are groups of passages count once for
    each value that any of these has.
    """
    hits: dict[str, set[Hashable]] = {}
    names: dict[str, Counter[str]] = {}
    values: dict[str, Counter[str]] = {}
    for one in found:
        for value, name in values_of(one):
            key = name_key(value)
            hits.setdefault(key, set()).add(hit_of(one))
            values.setdefault(key, Counter())[value] += 1
            names.setdefault(key, Counter())[name] += 1
    counted = [
        FacetValue(value=best_spelling(values[key]), name=best_spelling(names[key]), hits=len(some))
        for key, some in hits.items()
    ]
    return tuple(sorted(counted, key=lambda one: (-one.hits, one.name, one.value))[:MAX_VALUES])


def _value(label: Label) -> tuple[str, str]:
    """A place goes by its code, for others may have its name."""
    return (label.key if label.facet in PLACES else label.name), label.name


def _of(facet: Facet, record: DocumentRecord) -> _Values:
    values: Sequence[str | None] = ()
    match facet:
        case Facet.EVENT:
            return [(record.event.id, record.event.name)] if record.event else []
        case Facet.KIND:
            values = (record.kind.value,)
        case Facet.YEAR:
            values = (f"{record.date.year:04d}",) if record.date else ()
        case Facet.LANGUAGE:
            values = (record.language,)
        case Facet.HOST:
            values = (record.host,)
        case Facet.SPEAKER:
            values = record.speakers
    return [(value, value) for value in (" ".join(value.split()) for value in values if value) if value]

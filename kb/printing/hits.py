"""Hits and filters: what is searched for and what is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from kb import dutch
from kb.documents import Kind, Locator
from kb.hits import Facet, FacetValue, GroupBy, Hit, Place, SecondStage, SimilarPassage
from kb.index import DocumentRecord, Filter
from kb.knowledge_base import Answered
from kb.milestones import as_json, in_dutch
from kb.minutes import StatementKind
from kb.printing.told import told_json, told_lines
from kb.relevance import label

Choice = TypeVar("Choice", bound=StrEnum)

_FILTERS = (
    "kind", "event", "language", "speaker", "host", "theme", "municipality", "province", "statement",
    "saidBy", "year", "document", "dateFrom", "dateTo",
)  # fmt: skip
_NOUNS = {
    None: ("passage", "passages"),
    GroupBy.DOCUMENT: ("document", "documenten"),
    GroupBy.EVENT: ("bijeenkomst of los document", "bijeenkomsten en losse documenten"),
}
_FACETS = {
    Facet.KIND: "Soort",
    Facet.YEAR: "Jaar",
    Facet.EVENT: "Bijeenkomst",
    Facet.LANGUAGE: "Taal",
    Facet.SPEAKER: "Spreker",
    Facet.HOST: "Gastheer",
    Facet.THEME: "Thema",
    Facet.MUNICIPALITY: "Gemeente",
    Facet.PROVINCE: "Provincie",
    Facet.STATEMENT: "Uitspraak",
    Facet.SAID_BY: "Gezegd door",
}
# Values of a facet that fit a terminal; JSON has them all.
_SHOWN_VALUES = 10
# A terminal's codes: plain, a word of the query, the best sentence, and such a word within it.
_PLAIN, _WORD, _BEST, _WORD_OF_BEST = "\x1b[0m", "\x1b[0;1;33m", "\x1b[0;4m", "\x1b[0;1;4;33m"


def read_filter(conditions: Sequence[str]) -> Filter:
    """A filter from "name=value" conditions. Raises `ValueError` that says what is wrong."""
    values: dict[str, list[str]] = {}
    for condition in conditions:
        name, found, value = condition.partition("=")
        if name not in _FILTERS or not found:
            raise ValueError(f"{condition!r} is not NAME=VALUE with a name of {', '.join(_FILTERS)}")
        values.setdefault(name, []).append(value)
    return Filter(
        kinds=frozenset(_one_of(Kind, value, "kind") for value in values.get("kind", [])),
        events=frozenset(values.get("event", [])),
        languages=frozenset(values.get("language", [])),
        documents=frozenset(values.get("document", [])),
        speakers=frozenset(values.get("speaker", [])),
        hosts=frozenset(values.get("host", [])),
        themes=frozenset(values.get("theme", [])),
        municipalities=frozenset(values.get("municipality", [])),
        provinces=frozenset(values.get("province", [])),
        statements=frozenset(
            _one_of(StatementKind, value, "kind of statement") for value in values.get("statement", [])
        ),
        said_by=frozenset(values.get("saidBy", [])),
        years=frozenset(_year(value) for value in values.get("year", [])),
        date_from=_date(values.get("dateFrom")),
        date_to=_date(values.get("dateTo")),
    )


def answered_text(answered: Answered, *, colour: bool) -> str:
    """The hits, each with its source above its words."""
    total = dutch.count(answered.found.total, *_NOUNS[answered.group_by])
    lines = [f"{total} voor «{answered.query}» in {answered.seconds * 1000:.0f} ms"]
    if answered.asked.period:
        lines.append(f"Stukken uit de tijd van «{answered.asked.period.text}» eerst (anders: --no-dates)")
    for word, suggestion in answered.asked.corrections:
        lines.append(f"«{word}» komt niet voor; ook gezocht op «{suggestion}»")
    if answered.found.second_stage is SecondStage.TIMED_OUT:
        lines.append(dutch.TIMED_OUT)
    if answered.found.hits and not answered.is_answered:
        lines.append(dutch.NO_ANSWER)
    if answered.timeliness:
        lines.append(in_dutch(answered.timeliness))
    for facet, values in answered.found.facets.items():
        counts = [f"{_value_name(facet, one)} ({one.hits})" for one in values[:_SHOWN_VALUES]]
        lines.append(f"{_FACETS[facet]}: {', '.join(counts) or '-'}")
    lines.append("")
    for hit in answered.found.hits:
        lines += [
            f"{hit.rank}. {source_line(hit.document, hit.passage.locator)}",
            f"   {dutch.printable(hit.document.source)}",
        ]
        if hit.relevance is not None:
            lines.append(f"   relevantie: {label(hit.relevance)}")
        lines += ["   " + line for line in told_lines(hit.told)]
        lines += _also_in(hit.also_in, hit.also_in_total)
        lines += ["   | " + line for line in _marked(hit, colour=colour).split("\n")]
        if hit.further:
            lines.append(_more(hit, answered.group_by))
        lines.append("")
    return "\n".join(lines).rstrip()


def answered_json(answered: Answered) -> dict[str, Any]:
    """The hits as the API gives them, without its links."""
    return {
        "query": answered.query,
        "mode": answered.mode.value,
        "groupBy": answered.group_by.value if answered.group_by else None,
        "sort": answered.request.page.sort.value,
        "total": answered.found.total,
        "limit": answered.limit,
        "offset": answered.offset,
        "tookMs": round(answered.seconds * 1000, 1),
        "generation": answered.generation,
        "period": period_json(answered),
        "corrections": [
            {"word": word, "suggestion": suggestion} for word, suggestion in answered.asked.corrections
        ],
        "secondStage": answered.found.second_stage.value,
        "facets": {
            facet.value: [{"value": one.value, "name": one.name, "count": one.hits} for one in values]
            for facet, values in answered.found.facets.items()
        },
        "timeliness": as_json(answered.timeliness) if answered.timeliness else None,
        "hits": [hit_json(hit) for hit in answered.found.hits],
    }


def similar_text(found: Sequence[SimilarPassage]) -> str:
    """Similar passages, each with its source above its words."""
    lines = [dutch.count(len(found), "vergelijkbare passage", "vergelijkbare passages"), ""]
    for number, one in enumerate(found, 1):
        lines += [
            f"{number}. {source_line(one.document, one.passage.locator)}",
            f"   {dutch.printable(one.document.source)}",
            *("   " + line for line in told_lines(one.told)),
            *_also_in(one.also_in, one.also_in_total),
            *("   | " + line for line in one.passage.text.split("\n")),
            "",
        ]
    return "\n".join(lines).rstrip()


def similar_json(passage_id: str, found: Sequence[SimilarPassage]) -> dict[str, Any]:
    """Similar passages as the API gives them, without its links."""
    return {
        "passageId": passage_id,
        "passages": [
            {
                "similarity": round(one.similarity, 4),
                "text": one.passage.text,
                "passageId": one.passage.id,
                "document": document_json(one.document),
                "locator": locator_json(one.passage.locator),
                **told_json(one.told, one.passage),
                "alsoIn": [_place_json(place) for place in one.also_in],
                "alsoInTotal": one.also_in_total,
            }
            for one in found
        ],
    }


def source_line(document: DocumentRecord, locator: Locator) -> str:
    """A document and a place in it, as a reader would cite them."""
    day = dutch.date(document.date) if document.date else document.date_text or "datum onbekend"
    event = document.event.name if document.event and document.event.name != document.title else None
    return ", ".join(part for part in (document.title, event, day, dutch.place(locator)) if part)


def _value_name(facet: Facet, value: FacetValue) -> str:
    return dutch.printable(value.name if facet is not Facet.EVENT else f"{value.name} [{value.value}]")


def _more(hit: Hit, group_by: GroupBy | None) -> str:
    """What else was found in the group of a hit."""
    number = dutch.count(len(hit.further), "passage", "passages")
    if group_by is GroupBy.EVENT:
        where = "bij deze bijeenkomst" if hit.document.event else "in dit document"
        places = [source_line(found.document, found.passage.locator) for found in hit.further]
    else:
        where, places = "in dit document", [dutch.place(found.passage.locator) for found in hit.further]
    return f"   nog {number} {where}: {'; '.join(filter(None, places))}".rstrip(": ")


def _also_in(places: Sequence[Place], total: int) -> list[str]:
    lines = [
        f"   {'ook' if place.is_identical else 'vrijwel gelijk'} in: "
        f"{source_line(place.document, place.passage.locator)}"
        for place in places
    ]
    if total > len(places):
        lines.append(f"   en op {dutch.count(total - len(places), 'andere plaats', 'andere plaatsen')}")
    return lines


def _marked(hit: Hit, *, colour: bool) -> str:
    """The words of a hit; in colour with those of the query bold and the best sentence underlined."""
    text = hit.passage.text
    if not colour:
        return text
    best = hit.best_sentence or (0, 0)
    cuts = sorted({0, len(text), *best, *(at for span in hit.highlights for at in span)})
    parts, style = [], _PLAIN
    for start, end in pairwise(cuts):
        is_word = any(left <= start < right for left, right in hit.highlights)
        if best[0] <= start < best[1]:
            new = _WORD_OF_BEST if is_word else _BEST
        else:
            new = _WORD if is_word else _PLAIN
        parts += [new if new != style else "", text[start:end]]
        style = new
    return "".join([*parts, _PLAIN if style != _PLAIN else ""])


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as the API gives it, without its links."""
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "relevance": _rounded(hit.relevance),
        "relevanceLabel": None if hit.relevance is None else label(hit.relevance).value,
        "text": hit.passage.text,
        "highlights": [list(span) for span in hit.highlights],
        "bestSentence": list(hit.best_sentence) if hit.best_sentence else None,
        "passageId": hit.passage.id,
        "document": document_json(hit.document),
        "locator": locator_json(hit.passage.locator),
        **told_json(hit.told, hit.passage),
        "alsoIn": [_place_json(place) for place in hit.also_in],
        "alsoInTotal": hit.also_in_total,
        "morePassages": [
            {
                "passageId": found.passage.id,
                "score": round(found.score, 4),
                "relevance": _rounded(found.relevance),
                "text": found.passage.text,
                "highlights": [list(span) for span in found.highlights],
                "document": document_json(found.document),
                "locator": locator_json(found.passage.locator),
                **told_json(found.told, found.passage),
            }
            for found in hit.further
        ],
    }


def _rounded(relevance: float | None) -> float | None:
    return None if relevance is None else round(relevance, 3)


def _place_json(place: Place) -> dict[str, Any]:
    return {
        "passageId": place.passage.id,
        "document": document_json(place.document),
        "locator": locator_json(place.passage.locator),
        "identical": place.is_identical,
    }


def document_json(document: DocumentRecord) -> dict[str, Any]:
    """A document as a hit names it."""
    event = document.event
    return {
        "id": document.id,
        "title": document.title,
        "kind": document.kind.value,
        "date": document.date.isoformat() if document.date else None,
        "event": {"id": event.id, "name": event.name} if event else None,
        "language": document.language,
        "source": document.source,
    }


def locator_json(locator: Locator) -> dict[str, Any]:
    """A place in a document."""
    return {
        "page": locator.page,
        "pageLabel": locator.page_label,
        "slide": locator.slide,
        "part": locator.part.value,
        "headings": list(locator.headings),
        "line": locator.line,
    }


def period_json(answered: Answered) -> dict[str, str] | None:
    """The period that a query names; None without one."""
    period = answered.asked.period
    if not period:
        return None
    return {"text": period.text, "first": period.first.isoformat(), "last": period.last.isoformat()}


def _date(values: Sequence[str] | None) -> dt.date | None:
    if not values:
        return None
    try:
        return dt.date.fromisoformat(values[-1])
    except ValueError:
        raise ValueError(f"{values[-1]!r} is not a date; write it as 2024-11-07") from None


def _year(value: str) -> int:
    if not (len(value) == 4 and value.isascii() and value.isdecimal()):
        raise ValueError(f"{value!r} is not a year; write it as 2024")
    return int(value)


def _one_of(choices: type[Choice], value: str, what: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a {what}; the kinds are {', '.join(choices)}") from None

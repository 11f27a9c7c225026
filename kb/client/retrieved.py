"""Hits as the documents of a framework: their words, and all that is needed to cite them."""

from __future__ import annotations

from typing import Any

from kb.client.answers import Locator, SearchAnswer, SearchHit
from kb.client.connecting import Address


def metadata_of(hit: SearchHit, answer: SearchAnswer, address: Address) -> dict[str, Any]:
    """What is known of a hit, in plain values that any store takes; what is not known is left out.

    `url` is the whole address of the source; `locator` says the place in Dutch ("p. 4").
    """
    document = hit.document
    known = {
        "title": document.title,
        "kind": document.kind,
        "date": document.date.isoformat() if document.date else None,
        "event": document.event.name if document.event else None,
        "event_id": document.event.id if document.event else None,
        "language": document.language,
        "source": document.source,
        "url": address.link(hit.links.file),
        "locator": place_of(hit.locator) or None,
        "page": hit.locator.page,
        "slide": hit.locator.slide,
        "headings": list(hit.locator.headings) or None,
        "line": hit.locator.line,
        "relevance": hit.relevance,
        "relevance_label": hit.relevance_label,
        "score": hit.score,
        "rank": hit.rank,
        "best_sentence": hit.text[slice(*hit.best_sentence)] if hit.best_sentence else None,
        "passage_id": hit.passage_id,
        "document_id": document.id,
        "generation": answer.generation,
    }
    return {name: value for name, value in known.items() if value is not None}


def place_of(locator: Locator) -> str:
    """Where a text stands, as a Dutch reader would cite it; "" without a place."""
    if locator.slide is not None:
        place = f"dia {locator.slide}"
    elif locator.page is not None:
        is_labelled = locator.page_label not in (None, str(locator.page))
        place = f"p. {locator.page_label} ({locator.page})" if is_labelled else f"p. {locator.page}"
    elif locator.headings:
        place = f"§ {locator.headings[-1]}"
    elif locator.line is not None:
        place = f"regel {locator.line}"
    else:
        return ""
    part = {"notes": "notities", "table": "tabel"}.get(locator.part)
    return f"{place}, {part}" if part else place

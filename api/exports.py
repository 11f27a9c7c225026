"""The forms of a list besides JSON: which one is asked for, by `format` or by Accept, and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.problems import Problem, ProblemError
from api.shapes import PageLinks
from kb.exporting import FORMS, Format, Links, export_documents, export_hits, json_lines
from kb.hits import Hit
from kb.index import DocumentRecord
from kb.settings import Settings

JSON = "application/json"


class AnswerFormat(StrEnum):
    """What a list is given as."""

    JSON = "json"
    CSV = "csv"
    CSV_EXCEL = "csvExcel"
    JSON_LINES = "jsonl"
    RIS = "ris"
    BIBTEX = "bibtex"

    @property
    def form(self) -> Format | None:
        """The export that it is; None for the answer in JSON."""
        return None if self is AnswerFormat.JSON else Format(self.value)


# The first of a media type is what Accept gets: Excel's table has to be asked for by its name.
_ACCEPTABLE: Mapping[str, AnswerFormat] = {
    JSON: AnswerFormat.JSON,
    **{
        FORMS[wanted].media_type.partition(";")[0]: AnswerFormat(wanted)
        for wanted in Format
        if wanted is not Format.CSV_EXCEL
    },
}
_EXAMPLES = {
    "text/csv": "rank,relevance,relevanceLabel,text\r\n1,0.734,sterk,Het college besluit …\r\n",
    "application/x-ndjson": '{"rank":1,"text":"Het college besluit …"}\n',
    "application/x-research-info-systems": "TY  - RPRT\r\nTI  - Verslag van de avond\r\nER  - \r\n",
    "application/x-bibtex": "@misc{4be1a0c3d92f7765,\n  title = {{Verslag van de avond}},\n}\n",
}
# What an operation that gives exports adds to its answers in the OpenAPI document.
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "string"}, "example": example}
            for media_type, example in _EXAMPLES.items()
        }
    }
}


def format_of(request: Request, named: AnswerFormat | None) -> AnswerFormat:
    """The form that a request asks for: the one that it names, else what Accept likes best.

    Raises `ProblemError` when Accept allows none of them.
    """
    if named:
        return named
    accept = request.headers.get("accept", "*/*")
    liked = max(_ACCEPTABLE, key=lambda media_type: weight_of(accept, media_type))
    if not weight_of(accept, liked):
        names = ", ".join(_ACCEPTABLE)
        raise ProblemError(Problem(406, f"The answer is one of {names}; Accept allows none of them."))
    return _ACCEPTABLE[liked]


def weight_of(accept: str, media_type: str) -> float:
    """How much an Accept header likes a media type, from 0, which refuses it, to 1.

    Its most specific range decides (RFC 9110, 12.5.1).
    """
    ranges = {"*/*": 0, media_type.partition("/")[0] + "/*": 1, media_type: 2}
    best, weight = -1, 0.0
    for item in accept.split(","):
        name, *parameters = [part.strip().lower() for part in item.split(";")]
        if ranges.get(name, -1) > best:
            best = ranges[name]
            weight = _quality(next((part[2:] for part in parameters if part.startswith("q=")), "1"))
    return weight


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0


def links_of(request: Request, settings: Settings) -> Links:
    """Links to this service as those know it who use it: by its own address, else by the one they asked."""
    return Links((settings.url or str(request.base_url)).rstrip("/"))


class Exporter:
    """Answers one request with hits or documents in a form of other programs."""

    def __init__(self, request: Request, settings: Settings, headers: Mapping[str, str]) -> None:
        """`headers` are those that the answer has in any form."""
        self._links = links_of(request, settings)
        self._headers = headers

    def hits(
        self, wanted: Format, hits: Sequence[Hit], shapes: Iterable[BaseModel], links: PageLinks | None
    ) -> Response:
        """Hits; `shapes` are what they look like in JSON."""
        content = _lines(shapes) if wanted is Format.JSON_LINES else export_hits(hits, wanted, self._links)
        return self._answer(wanted, content, "kennisbank-treffers", links)

    def documents(
        self, wanted: Format, records: Sequence[DocumentRecord], shapes: Iterable[BaseModel], links: PageLinks
    ) -> Response:
        """Documents, as `hits`."""
        content = (
            _lines(shapes) if wanted is Format.JSON_LINES else export_documents(records, wanted, self._links)
        )
        return self._answer(wanted, content, "kennisbank-documenten", links)

    def _answer(self, wanted: Format, content: str, name: str, links: PageLinks | None) -> Response:
        form = FORMS[wanted]
        headers = {
            **self._headers,
            # No words of the query: they may name persons, and names of files are seen by others.
            "Content-Disposition": f'attachment; filename="{name}{form.suffix}"',
        }
        pages = {"next": links.next, "prev": links.prev} if links else {}
        told = [f'<{address}>; rel="{relation}"' for relation, address in pages.items() if address]
        if told:
            headers["Link"] = ", ".join(told)
        # Not by `media_type`, to which Starlette would add another charset.
        return Response(content.encode(), headers={**headers, "Content-Type": form.media_type})


def _lines(shapes: Iterable[BaseModel]) -> str:
    return json_lines(shape.model_dump(mode="json", by_alias=True) for shape in shapes)

"""What an assistant can call: each tool with the limits of what it takes and the shape of what it gives."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.types import CallToolResult, TextContent
from pydantic import Field

from kb.assistants import shapes, wording
from kb.assistants.answering import Reading
from kb.documents import Kind
from kb.errors import InvalidQuery, KBError, NotFound
from kb.index import Filter
from kb.minutes import StatementKind

MOST_HITS = 20
MOST_EVENTS = 50
_log = logging.getLogger("kb.assistants")

Asking = Context[Any, Any]
# Gives what one request may read.
Open = Callable[[Asking], Reading]

_NOT_FOUND = (
    "Er is geen document of passage met dit id. Ids staan bij wat search en list_events geven; na een nieuwe "
    "index kan een passage een ander id hebben."
)
_UNAVAILABLE = (
    "De kennisbank kan nu niet antwoorden. Zeg dat tegen de gebruiker; de reden staat in het logboek van de "
    "kennisbank."
)

_Id = Annotated[str, Field(min_length=1, max_length=100)]
_Names = tuple[Annotated[str, Field(max_length=300)], ...]
_Query = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1_000,
        description='De vraag, het best als hele zin: "Wat spraken de gemeenten af over het zaaksysteem?" '
        'Een periode erin telt mee ("najaar 2018").',
    ),
]
_Hits = Annotated[int, Field(ge=1, le=MOST_HITS, description="Hoeveel passages hoogstens.")]
_Kinds = Annotated[tuple[Kind, ...], Field(max_length=4, description="Alleen deze soorten stukken.")]
_Events = Annotated[_Names, Field(max_length=20, description="Alleen deze bijeenkomsten: event_id of naam.")]
_Speakers = Annotated[_Names, Field(max_length=20, description="Alleen wat deze mensen spraken.")]
_Themes = Annotated[_Names, Field(max_length=20, description="Alleen deze thema's.")]
_Municipalities = Annotated[
    _Names, Field(max_length=20, description="Alleen passages die deze gemeenten noemen: CBS-code of naam.")
]
_Statements = Annotated[
    tuple[StatementKind, ...],
    Field(max_length=4, description="Alleen passages met een citaat, besluit, actie of vraag."),
]
_SaidBy = Annotated[
    _Names, Field(max_length=20, description="Alleen passages waarin staat wat deze mensen zeiden.")
]
_Documents = Annotated[_Names, Field(max_length=20, description="Alleen in deze documenten.")]
_From = Annotated[dt.date | None, Field(description="Alleen stukken van deze dag of later.")]
_To = Annotated[dt.date | None, Field(description="Alleen stukken van deze dag of eerder.")]
_Year = Annotated[int | None, Field(ge=1900, le=2200, description="Alleen in dit jaar.")]
_Words = Annotated[
    str, Field(max_length=300, description="Alleen met deze woorden in naam, plaats, gastheer of sprekers.")
]
_Meetings = Annotated[int, Field(ge=1, le=MOST_EVENTS, description="Hoeveel bijeenkomsten hoogstens.")]
_Offset = Annotated[int, Field(ge=0, le=100_000, description="Hoeveel er worden overgeslagen.")]
_Page = Annotated[int, Field(ge=1, le=100_000, description="Welk deel van het document, vanaf 1.")]


class Tools:
    """The tools, over what `open` gives for a request.

    An error that the assistant can do something about is raised as `ToolError`, in Dutch.
    """

    def __init__(self, open: Open) -> None:  # noqa: A002 - it opens what may be read
        self._open = open

    def search(  # noqa: PLR0913 - one for each thing that can be asked
        self,
        context: Asking,
        *,
        query: _Query,
        limit: _Hits = 6,
        kind: _Kinds = (),
        event: _Events = (),
        speaker: _Speakers = (),
        theme: _Themes = (),
        municipality: _Municipalities = (),
        statement: _Statements = (),
        said_by: _SaidBy = (),
        document_id: _Documents = (),
        date_from: _From = None,
        date_to: _To = None,
    ) -> Annotated[CallToolResult, shapes.SearchResult]:
        """The passages that answer a query best."""
        wanted = Filter(
            kinds=frozenset(kind),
            events=frozenset(event),
            speakers=frozenset(speaker),
            themes=frozenset(theme),
            municipalities=frozenset(municipality),
            statements=frozenset(statement),
            said_by=frozenset(said_by),
            documents=frozenset(document_id),
            date_from=date_from,
            date_to=date_to,
        )
        with _told():
            found = self._open(context).search(query, filter=wanted, limit=limit)
        return _result(wording.search(found), found)

    def list_events(
        self,
        context: Asking,
        *,
        year: _Year = None,
        words: _Words = "",
        limit: _Meetings = 20,
        offset: _Offset = 0,
    ) -> Annotated[CallToolResult, shapes.Events]:
        """The meetings with their documents."""
        with _told():
            found = self._open(context).events(year=year, words=words, limit=limit, offset=offset)
        return _result(wording.events(found), found)

    def read_document(
        self, context: Asking, *, document_id: _Id, page: _Page = 1
    ) -> Annotated[CallToolResult, shapes.DocumentPage]:
        """One part of a document."""
        with _told():
            found = self._open(context).document(document_id, page=page)
        return _result(wording.document(found), found)

    def read_passage(
        self, context: Asking, *, passage_id: _Id
    ) -> Annotated[CallToolResult, shapes.PassageInContext]:
        """A passage with what stands before and after it."""
        with _told():
            found = self._open(context).passage(passage_id)
        return _result(wording.passage(found), found)

    def document(self, document_id: str, context: Asking) -> str:
        """The first part of a document, as a resource. Raises `ResourceError`."""
        try:
            return wording.document(self._open(context).document(document_id, page=1))
        except NotFound:
            raise ResourceNotFoundError(_NOT_FOUND) from None
        except KBError as error:
            raise ResourceError(_said(error)) from None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Raise errors of the knowledge base as ones that the assistant can read and act on."""
    try:
        yield
    except KBError as error:
        raise ToolError(_said(error)) from None


def _said(error: KBError) -> str:
    match error:
        case InvalidQuery():
            return f"Zo kan niet worden gezocht: {error}. Verbeter het en vraag het opnieuw."
        case NotFound():
            return _NOT_FOUND
    # Its own message names folders, and is for who runs the service.
    _log.error("%s: %s", type(error).__name__, error)
    return _UNAVAILABLE


def _result(text: str, found: shapes.Shape) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=found.model_dump(mode="json")
    )

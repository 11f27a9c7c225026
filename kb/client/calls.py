"""Each operation of the API as a value: what is sent, and what comes back.

Both clients send these, so what can be asked stands here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from kb.client.answers import (
    DocumentDetails,
    DocumentsAnswer,
    Health,
    PassageDetails,
    QuestionAnswer,
    SearchAnswer,
    SearchesAnswer,
    SimilarAnswer,
    SuggestionsAnswer,
)
from kb.client.asking import (
    AnswerOptions,
    DocumentsOptions,
    PassagesOptions,
    Search,
    SearchOptions,
    SimilarOptions,
    in_query,
    written,
)
from kb.client.history import (
    EventDetails,
    EventsAnswer,
    ThemesAnswer,
    ThemeSuggestionsAnswer,
    TimelineAnswer,
)
from kb.client.passages import PassagesAnswer
from kb.client.upkeep import (
    AddedDocument,
    Build,
    BuildsAnswer,
    GapsAnswer,
    Generation,
    GenerationsAnswer,
    Status,
)

T = TypeVar("T")
JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request. `path` comes after /v1; `answer` is what the JSON that comes back is read as, or bytes for
    what is not JSON.

    `is_repeatable`: sending it twice does what sending it once does.
    """

    path: str
    answer: type[T]
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    is_repeatable: bool = True


def search(query: str, options: SearchOptions) -> Call[SearchAnswer]:
    """A search. The query goes in the body, so that it stands in no log of addresses."""
    body = {"q": query, **written(options, SearchOptions)}
    return Call(path="/search", answer=SearchAnswer, method="POST", body=body)


def answer(question: str, options: AnswerOptions) -> Call[QuestionAnswer]:
    """A question to be answered; it goes in the body, as that of a search does."""
    body = {"q": question, **written(options, AnswerOptions)}
    return Call(path="/answers", answer=QuestionAnswer, method="POST", body=body)


def search_many(searches: Iterable[str | Search], options: SearchOptions) -> Call[SearchesAnswer]:
    """Several searches at once; `options` are for all of them, and what one asks itself goes first."""
    asked: list[Any] = [{"query": one} if isinstance(one, str) else one for one in searches]
    bodies = [{"q": one["query"], **written({**options, **one, "query": None}, Search)} for one in asked]
    return Call(path="/searches", answer=SearchesAnswer, method="POST", body={"searches": bodies})


def export(query: str, form: str, options: SearchOptions) -> Call[bytes]:
    """The hits of a search in another form than JSON."""
    body = {"q": query, "format": form, **written(options, SearchOptions)}
    return Call(path="/search", answer=bytes, method="POST", body=body)


def suggestions(typed: str, *, limit: int) -> Call[SuggestionsAnswer]:
    """What may be meant by the beginning of a query."""
    query = in_query({"q": typed, "limit": limit})
    return Call(path="/suggestions", answer=SuggestionsAnswer, query=tuple(query))


def passage(passage_id: str) -> Call[PassageDetails]:
    """A passage and its neighbours."""
    return Call(path=f"/passages/{_part(passage_id)}", answer=PassageDetails)


def passages(options: PassagesOptions) -> Call[PassagesAnswer]:
    """A page of the passages that filters allow."""
    query = in_query(written(options, PassagesOptions))
    return Call(path="/passages", answer=PassagesAnswer, query=tuple(query))


def similar(passage_id: str, options: SimilarOptions) -> Call[SimilarAnswer]:
    """The passages most like one."""
    query = in_query(written(options, SimilarOptions))
    return Call(path=f"/passages/{_part(passage_id)}/similar", answer=SimilarAnswer, query=tuple(query))


def documents(options: DocumentsOptions) -> Call[DocumentsAnswer]:
    """A page of the documents."""
    query = in_query(written(options, DocumentsOptions))
    return Call(path="/documents", answer=DocumentsAnswer, query=tuple(query))


def export_documents(form: str, options: DocumentsOptions) -> Call[bytes]:
    """A page of the documents in another form than JSON."""
    query = in_query({"format": form, **written(options, DocumentsOptions)})
    return Call(path="/documents", answer=bytes, query=tuple(query))


def document(document_id: str) -> Call[DocumentDetails]:
    """One document."""
    return Call(path=f"/documents/{_part(document_id)}", answer=DocumentDetails)


def file(document_id: str) -> Call[bytes]:
    """The file of a document."""
    return Call(path=f"/documents/{_part(document_id)}/file", answer=bytes)


def events(options: DocumentsOptions) -> Call[EventsAnswer]:
    """A page of the meetings."""
    return Call(
        path="/events", answer=EventsAnswer, query=tuple(in_query(written(options, DocumentsOptions)))
    )


def event(event_id: str) -> Call[EventDetails]:
    """One meeting."""
    return Call(path=f"/events/{_part(event_id)}", answer=EventDetails)


def themes() -> Call[ThemesAnswer]:
    """The themes."""
    return Call(path="/themes", answer=ThemesAnswer)


def theme_suggestions() -> Call[ThemeSuggestionsAnswer]:
    """What could be a theme."""
    return Call(path="/themes/suggestions", answer=ThemeSuggestionsAnswer)


def timeline(theme: str) -> Call[TimelineAnswer]:
    """A theme over the years, by its id or its name."""
    return Call(path=f"/themes/{_part(theme)}/timeline", answer=TimelineAnswer)


def status() -> Call[Status]:
    """What the index holds."""
    return Call(path="/status", answer=Status)


def live() -> Call[Health]:
    """Whether the service lives. Sent once: how it is now is the question."""
    return Call(path="/health/live", answer=Health, is_repeatable=False)


def ready() -> Call[Health]:
    """Whether it can answer. Sent once: how it is now is the question."""
    return Call(path="/health/ready", answer=Health, is_repeatable=False)


def openapi() -> Call[JsonObject]:
    """The description of the API."""
    return Call(path="/openapi.json", answer=JsonObject)


def start_build(*, allow_removals: bool) -> Call[Build]:
    """Start a build."""
    body = {"allowRemovals": allow_removals}
    return Call(path="/builds", answer=Build, method="POST", body=body, is_repeatable=False)


def builds() -> Call[BuildsAnswer]:
    """The last builds."""
    return Call(path="/builds", answer=BuildsAnswer)


def build(build_id: str) -> Call[Build]:
    """One build."""
    return Call(path=f"/builds/{_part(build_id)}", answer=Build)


def gaps() -> Call[GapsAnswer]:
    """What was asked and not answered."""
    return Call(path="/gaps", answer=GapsAnswer)


def generations() -> Call[GenerationsAnswer]:
    """The indexes that are kept."""
    return Call(path="/generations", answer=GenerationsAnswer)


def make_live(name: str) -> Call[Generation]:
    """Make another index the live one. It is the live one after two requests as after one."""
    return Call(path="/generations/live", answer=Generation, method="PUT", body={"name": name})


def report(name: str) -> Call[JsonObject]:
    """The report of the build that made an index."""
    return Call(path=f"/generations/{_part(name)}/report", answer=JsonObject)


def add_document() -> Call[AddedDocument]:
    """Add a file, which the client sends with it."""
    return Call(path="/documents", answer=AddedDocument, method="POST", is_repeatable=False)


def _part(value: str) -> str:
    """A value as one step of a path: "../x" stays a step. Raises `ValueError` for what cannot be one."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is no id")
    return quote(value, safe="")

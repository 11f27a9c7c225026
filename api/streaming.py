"""An answer as a stream of events (WHATWG HTML, 9.2): the literal one at once, then what a model writes.

Each sentence is sent once it has been judged, so that nobody sees what is taken back. Whatever becomes of the
model, the literal answer was there before it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from api.exports import JSON, weight_of
from api.problems import Problem, ProblemError
from api.shapes import DocumentName, Locator, PassageLinks, Shape
from api.turns import Turns
from kb.generating import Dropped, Ended, Ending, Generated, Generation, Source
from kb.knowledge_base import AnsweredQuestion, KnowledgeBase

STREAM = "text/event-stream"
_HEADERS = {
    "Cache-Control": "no-store",
    # nginx would otherwise keep the events until the answer is whole.
    "X-Accel-Buffering": "no",
}
_EXAMPLE = (
    'event: extractive\ndata: {"query":"wat kost de proef"}\n\n'
    'event: sentence\ndata: {"text":"De proef kost 23.500 euro per jaar.","sources":[]}\n\n'
    'event: done\ndata: {"ending":"complete","sentences":1,"dropped":0,"reasons":{}}\n\n'
)
# What an operation that streams adds to its answers in the OpenAPI document.
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"content": {STREAM: {"schema": {"type": "string"}, "example": _EXAMPLE}}}
}


class WrittenSource(Shape):
    """Een passage waar een geschreven zin op steunt."""

    passage_id: str
    document: DocumentName
    locator: Locator
    links: PassageLinks

    @classmethod
    def of(cls, source: Source) -> Self:
        """The shape of a source."""
        return cls(
            passage_id=source.passage.id,
            document=DocumentName.of(source.document),
            locator=Locator.of(source.passage.locator),
            links=PassageLinks.of(source.passage, source.document),
        )


class WrittenSentence(Shape):
    """Een zin van het taalmodel, met de passages die hem dragen."""

    text: str
    sources: list[WrittenSource] = Field(min_length=1)

    @classmethod
    def of(cls, found: Generated) -> Self:
        """The shape of a sentence."""
        return cls(text=found.text, sources=[WrittenSource.of(source) for source in found.sources])


class WritingDone(Shape):
    """Hoe het schrijven eindigde, en hoeveel zinnen van het taalmodel zijn weggelaten."""

    ending: Ending
    sentences: int
    dropped: int
    reasons: dict[Dropped, int]

    @classmethod
    def of(cls, ended: Ended) -> Self:
        """The shape of an end."""
        return cls(
            ending=ended.ending,
            sentences=ended.kept,
            dropped=ended.dropped_total,
            reasons=dict(ended.dropped),
        )


class Writing:
    """How many answers are written at the same time; no more are begun than the settings allow."""

    def __init__(self, most: int) -> None:
        self._free = most

    async def events(self, generation: Generation, turns: Turns) -> AsyncGenerator[Generated | Ended, None]:
        """What comes of one, if there is room for it."""

        async def judging(judge: Callable[[], Generated | Dropped]) -> Generated | Dropped:
            # To judge is work for the processor, as a search is.
            async with asynccontextmanager(turns.take)():
                return await asyncio.to_thread(judge)

        if not self._free:
            yield Ended(ending=Ending.BUSY, dropped={})
            return
        self._free -= 1
        try:
            async with aclosing(generation.run(judging)) as found:
                async for one in found:
                    yield one
        finally:
            self._free += 1


def wants_events(request: Request) -> bool:
    """Whether a request likes a stream of events better than JSON. Raises `ProblemError` for neither."""
    accept = request.headers.get("accept", "*/*")
    liking = weight_of(accept, STREAM)
    if not liking and not weight_of(accept, JSON):
        raise ProblemError(Problem(406, f"The answer is {JSON} or {STREAM}; Accept allows neither."))
    return liking > weight_of(accept, JSON)


def event_stream(
    request: Request, knowledge_base: KnowledgeBase, asked: AnsweredQuestion, answer: BaseModel
) -> StreamingResponse:
    """A question's literal answer, of which `answer` is the shape, and then what a model writes of it."""
    generation = knowledge_base.generation(asked)
    state = request.app.state
    return StreamingResponse(
        _events(state.writing, state.turns, generation, answer), headers=_HEADERS, media_type=STREAM
    )


async def _events(
    writing: Writing, turns: Turns, generation: Generation | Ending, answer: BaseModel
) -> AsyncIterator[str]:
    yield _event("extractive", answer)
    if isinstance(generation, Ending):
        yield _event("done", WritingDone.of(Ended(ending=generation, dropped={})))
        return
    async with aclosing(writing.events(generation, turns)) as found:
        async for one in found:
            if isinstance(one, Ended):
                yield _event("done", WritingDone.of(one))
            else:
                yield _event("sentence", WrittenSentence.of(one))


def _event(name: str, data: BaseModel) -> str:
    """One event. JSON holds no line ends, so its data is one line."""
    return f"event: {name}\ndata: {data.model_dump_json(by_alias=True)}\n\n"

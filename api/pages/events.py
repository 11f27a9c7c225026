"""The pages of meetings: all of them, and what was said and decided at one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.exports import links_of
from api.pages.frame import Base, Said, Shown
from api.problems import Problem, ProblemError
from kb.history.meetings import Meeting
from kb.history.proceedings import Proceedings, Stated
from kb.minutes import StatementKind

# Statements of a kind that are shown at once; the others are folded away below them.
_SHOWN = 5
# More than these are only counted: they stand in the documents.
_MOST = 200

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsView:
    """The statements of a kind: the first ones, others that are shown too, and how many there are."""

    kind: StatementKind
    first: Sequence[Stated]
    others: Sequence[Stated]
    total: int

    @classmethod
    def of(cls, kind: StatementKind, some: Sequence[Stated]) -> StatementsView:
        """The view of all statements of a kind."""
        return cls(kind=kind, first=some[:_SHOWN], others=some[_SHOWN:_MOST], total=len(some))

    @property
    def left_out(self) -> int:
        """How many are only counted."""
        return self.total - len(self.first) - len(self.others)


@router.get("/bijeenkomsten", response_model=None)
def events(request: Request, knowledge_base: Base, pages: Shown) -> Response:
    """All events, the latest first."""
    meetings = knowledge_base.history().meetings()
    years: dict[int | None, list[Meeting]] = {}
    for meeting in meetings:
        years.setdefault(meeting.date.year if meeting.date else None, []).append(meeting)
    return pages.page(request, "events.html", years=years, total=len(meetings))


@router.get("/bijeenkomsten/{event_id}", response_model=None)
def event(request: Request, event_id: str, knowledge_base: Base, pages: Shown, words: Said) -> Response:
    """An event with its documents. By the id that the API gives, the answer leads to its address."""
    history = knowledge_base.history()
    meetings = history.meetings()
    for at, meeting in enumerate(meetings):
        if meeting.slug == event_id:
            address = links_of(request, knowledge_base.settings).address + meeting.address
            day = words.date(meeting.date) if meeting.date else meeting.date_text or ""
            found = history.proceedings(event_id)
            return pages.page(
                request,
                "event.html",
                event=meeting,
                filters=[("event", one) for one in meeting.ids],
                statements=_statements(found),
                people=found.people,
                municipalities=[(one.label.name, one.passages) for one in found.municipalities],
                cited=", ".join(filter(None, (meeting.name, day, meeting.place or ""))),
                address=address,
                later=meetings[at - 1] if at else None,
                earlier=meetings[at + 1] if at + 1 < len(meetings) else None,
            )
        if event_id in meeting.ids:
            return RedirectResponse(meeting.address, status_code=308)
    raise ProblemError(Problem(404, "There is no such event."))


def _statements(found: Proceedings) -> list[StatementsView]:
    """The statements by kind: what was decided and is to be done first, without the kinds of which there are
    none."""
    order = (StatementKind.BESLUIT, StatementKind.ACTIE, StatementKind.VRAAG, StatementKind.CITAAT)
    return [StatementsView.of(kind, some) for kind in order if (some := found.of(kind))]

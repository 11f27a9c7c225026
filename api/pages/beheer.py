"""What an administrator sees: what the index holds, how it was built and what needs attention."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from api.access import caller_of, requires
from api.administration import manifest_of, report_of
from api.pages.attention import Matter, matters
from api.pages.build_views import BuildView, ReportView
from api.pages.frame import Said, Shown
from api.pages.words import Words, message
from api.problems import Problem, ProblemError
from api.records import Generation, shown_report
from kb.builds import Builds
from kb.documents import Kind
from kb.errors import IndexUnavailable, NotFound
from kb.generations import Generations
from kb.index import DocumentRecord, Manifest
from kb.keys import Scope
from kb.knowledge_base import KnowledgeBase
from kb.privacy import PrivacyList
from kb.reports import BuildReport, read_report
from kb.settings import Settings

_FIRST = 5
_A_PAGE = 100

router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[Depends(requires(Scope.ADMIN))],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """The knowledge base as who administers may see it. `members`: also the documents for members."""

    knowledge_base: KnowledgeBase
    members: bool

    @property
    def settings(self) -> Settings:
        """The settings of the service."""
        return self.knowledge_base.settings

    @property
    def privacy(self) -> PrivacyList:
        """What must not be read."""
        return self.knowledge_base.privacy.get()

    def report(self) -> BuildReport | None:
        """The report of the live index. Raises `IndexUnavailable`."""
        report = self.knowledge_base.report()
        return read_report(shown_report(report, self.privacy, members=self.members))

    def generations(self) -> list[Generation]:
        """The generations on disk, newest first; none without an index."""
        kept = Generations(self.settings.indexes)
        try:
            live = kept.current().name
        except IndexUnavailable:
            live = ""
        return [
            Generation.of(manifest, live=name == live, members=self.members)
            for name, manifest in kept.manifests().items()
        ]

    def build(self, build_id: str, words: Words) -> BuildView:
        """One build. Raises `NotFound`."""
        record = Builds(self.settings.indexes).get(build_id)
        return BuildView.of(record, self.settings, words, self.privacy, members=self.members)

    def last_build(self, words: Words) -> BuildView | None:
        """The build that was started last."""
        record = next(iter(Builds(self.settings.indexes).all()), None)
        return (
            BuildView.of(record, self.settings, words, self.privacy, members=self.members) if record else None
        )


def _administrator(request: Request) -> Administrator:
    members = caller_of(request).has(Scope.MEMBERS)
    knowledge_base: KnowledgeBase = request.app.state.knowledge_base
    return Administrator(knowledge_base=knowledge_base.pinned(members=members), members=members)


Admin = Annotated[Administrator, Depends(_administrator)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsView:
    """What the live index holds."""

    manifest: Manifest
    documents: int
    years: tuple[int, int] | None
    kinds: Mapping[Kind, int]
    languages: Mapping[str, int]
    events: int
    folders: Sequence[str]
    matters: Sequence[Matter]
    is_outdated: bool

    @classmethod
    def of(cls, admin: Administrator, words: Words) -> Self:
        """What it holds. Raises `IndexUnavailable`."""
        records: list[DocumentRecord] = admin.knowledge_base.documents()
        report = admin.report()
        years = [record.date.year for record in records if record.date]
        return cls(
            manifest=admin.knowledge_base.manifest(),
            documents=len(records),
            years=(min(years), max(years)) if years else None,
            kinds=dict(Counter(record.kind for record in records).most_common()),
            languages=dict(Counter(record.language for record in records if record.language).most_common()),
            events=len({record.event.id for record in records if record.event}),
            folders=sorted({record.source.rpartition("/")[0] for record in records} - {""}),
            matters=matters(report, records, words) if report else (),
            is_outdated=admin.knowledge_base.fallback is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyView:
    """What the suppression list says, without the names that are on it.

    `entries` are what each entry does, why and since when; `masked` counts the documents in which a name is
    masked, `needs_build` tells that the index was built with another list, `failure` what is wrong with the
    file, so that an older list holds.
    """

    is_empty: bool
    entries: Sequence[tuple[str, str, dt.date]]
    masked: int
    hides_contacts: bool
    kept: int
    needs_build: bool
    failure: str

    @classmethod
    def of(cls, admin: Administrator, words: Words) -> Self:
        """What the list says now."""
        live, privacy = admin.knowledge_base.privacy, admin.privacy
        try:
            masked = sum(record.masked is not None for record in admin.knowledge_base.documents())
            needs_build = admin.knowledge_base.manifest().privacy != privacy.digest
        except IndexUnavailable:
            masked, needs_build = 0, False
        masks, withholds = words.gettext(message("Maskeert")), words.gettext(message("Houdt achter"))
        told = [
            *((masks, privacy.reason_of(one), one.date) for one in privacy.mask),
            *((withholds, privacy.reason_of(one), one.date) for one in privacy.withhold),
        ]
        return cls(
            is_empty=not privacy.digest,
            entries=told,
            masked=masked,
            hides_contacts=privacy.hides_contacts,
            kept=len(privacy.keep),
            needs_build=needs_build,
            failure=live.failure or "",
        )


def overview(
    request: Request, pages: Shown, words: Said, admin: Admin, *, fault: str = "", status: int = 200
) -> HTMLResponse:
    """The page with everything; `fault` says why what was asked could not be done."""
    try:
        holds = HoldingsView.of(admin, words)
    except IndexUnavailable:
        holds = None
    return pages.page(
        request,
        "beheer.html",
        status=status,
        holds=holds,
        last=admin.last_build(words),
        generations=admin.generations(),
        settings=admin.settings,
        privacy=PrivacyView.of(admin, words),
        fault=fault,
    )


@router.get("/beheer")
def beheer(request: Request, pages: Shown, words: Said, admin: Admin) -> HTMLResponse:
    """What the index holds, what needs attention, and what can be done."""
    return overview(request, pages, words, admin)


@router.get("/beheer/aandacht")
def attention(request: Request, pages: Shown, words: Said, admin: Admin) -> HTMLResponse:
    """What may be the matter with documents, with the first of each."""
    found = _matters(admin, words)
    return pages.page(request, "beheer_attention.html", matters=found, first=_FIRST)


@router.get("/beheer/aandacht/{name}")
def matter(
    request: Request,
    pages: Shown,
    words: Said,
    admin: Admin,
    name: str,
    p: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """All documents with which one thing is the matter."""
    found = next((one for one in _matters(admin, words) if one.name == name), None)
    last = max(1, -(-len(found.files) // _A_PAGE)) if found else 0
    if found is None or p > last:
        raise ProblemError(Problem(404, "There is no such list."))
    start = (p - 1) * _A_PAGE
    return pages.page(
        request,
        "beheer_matter.html",
        matter=found,
        items=found.files[start : start + _A_PAGE],
        start=start,
        number=p,
        last=last,
    )


@router.get("/beheer/verslag/{name}")
def report(request: Request, pages: Shown, words: Said, admin: Admin, name: str) -> HTMLResponse:
    """The report of the build that made a generation; `live` is the one in use."""
    kept = Generations(admin.settings.indexes)
    name = kept.current().name if name == "live" else name
    manifest = manifest_of(kept, name)
    found = report_of(kept, name, members=admin.members)
    told = read_report(shown_report(found, admin.privacy, members=admin.members))
    return pages.page(
        request,
        "beheer_report.html",
        generation=Generation.of(manifest, live=name == kept.current().name, members=admin.members),
        told=ReportView.of(told, words) if told else None,
    )


@router.get("/beheer/bouwen/{build_id}")
def build(
    request: Request, pages: Shown, words: Said, admin: Admin, build_id: str, stil: bool = False
) -> HTMLResponse:
    """How a build goes or went; the page asks again by itself while it goes on, unless `stil`."""
    try:
        found = admin.build(build_id, words)
    except NotFound:
        raise ProblemError(Problem(404, "There is no such build; the newest 20 are kept.")) from None
    return pages.page(request, "beheer_build.html", build=found, refreshes=found.is_running and not stil)


def _matters(admin: Administrator, words: Words) -> list[Matter]:
    told = admin.report()
    return matters(told, admin.knowledge_base.documents(), words) if told else []

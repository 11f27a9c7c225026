"""The API for who keeps the knowledge base going: builds, generations, new files. All need an admin key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from api import records
from api.access import caller_of, needs, requires
from api.bodies import BuildBody, LiveBody, address_faults, read_json
from api.openapi import form_of, json_body_of, problem_answers
from api.problems import Fault, Problem, ProblemError, refused
from api.routes import takes_json, takes_no_parameters
from api.security import API
from api.uploads import Uploads
from kb.builds import BuildRecord, Builds
from kb.errors import IndexUnavailable, NotFound, UnknownGeneration
from kb.generations import Generations
from kb.index import Index, Manifest
from kb.index.embedded import EmbeddedIndex
from kb.index.restricted import public_view
from kb.keys import Scope
from kb.knowledge_base import KnowledgeBase
from kb.launcher import Launcher
from kb.privacy import PrivacyList
from kb.settings import Settings

router = APIRouter(
    prefix=API,
    dependencies=[Depends(takes_json), Depends(requires(Scope.ADMIN))],
)
_ADMIN = needs(Scope.ADMIN)


def _privacy(request: Request) -> PrivacyList:
    knowledge_base: KnowledgeBase = request.app.state.knowledge_base
    return knowledge_base.privacy.get()


def _settings(request: Request) -> Settings:
    knowledge_base: KnowledgeBase = request.app.state.knowledge_base
    return knowledge_base.settings


def _members(request: Request) -> bool:
    return caller_of(request).has(Scope.MEMBERS)


def shows_all(members: bool, record: BuildRecord, settings: Settings) -> bool:
    """Whether all of a build may be told: it has no documents for members, as far as that is known."""
    if members:
        return True
    if record.report:
        return not record.report.get("open")
    try:
        return Generations(settings.indexes).manifest().open_documents is None
    except IndexUnavailable:
        return False


Members = Annotated[bool, Depends(_members)]
BuildId = Annotated[
    str, Path(alias="id", description="Het id.", examples=["20261124T185454123456Z-0123456789ab"])
]
Name = Annotated[str, Path(description="De naam van de index, of `live`.", examples=["20261124T185454123Z"])]


async def _build_body(request: Request) -> BuildBody:
    body, faults = BuildBody.read(await read_json(request, is_optional=True), "body")
    if faults := [*address_faults(request), *faults]:
        raise refused(faults)
    return body


async def _live_body(request: Request) -> LiveBody:
    raw = await read_json(request)
    body, faults = LiveBody.read(raw, "body")
    if "name" not in raw:
        faults = [*faults, Fault("body", "/name", "missing", "name says which generation is to be live")]
    if faults := [*address_faults(request), *faults]:
        raise refused(faults)
    return body


@router.post(
    "/builds",
    status_code=202,
    tags=["Beheer"],
    summary="Bouw de index opnieuw",
    description="Begint in een eigen proces met lage prioriteit; zoeken gaat gewoon door. Er loopt er één "
    "tegelijk.",
    operation_id="begintBouwopdracht",
    responses=problem_answers(400, 401, 403, 406, 409, 413, 415, 503, 507),
    openapi_extra=_ADMIN | json_body_of(BuildBody, {"allowRemovals": False}, required=False),
)
def start_build(
    request: Request, response: Response, members: Members, body: Annotated[BuildBody, Depends(_build_body)]
) -> records.Build:
    """Start a build."""
    launcher: Launcher = request.app.state.launcher
    record = launcher.start(allow_removals=body.allow_removals)
    response.headers["Location"] = f"{API}/builds/{record.id}"
    members = shows_all(members, record, _settings(request))
    return records.Build.with_report(record, _privacy(request), members=members)


@router.get(
    "/builds",
    tags=["Beheer"],
    summary="Noem de laatste bouwopdrachten",
    description="De laatste twintig, de nieuwste eerst, zonder hun verslag.",
    operation_id="noemBouwopdrachten",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 401, 403, 406, 503),
    openapi_extra=_ADMIN,
)
def builds(settings: Annotated[Settings, Depends(_settings)], members: Members) -> records.BuildsAnswer:
    """The builds that are remembered."""
    return records.BuildsAnswer(
        builds=[
            records.BuildProgress.of(record, members=shows_all(members, record, settings))
            for record in Builds(settings.indexes).all()
        ]
    )


@router.get(
    "/builds/{id}",
    tags=["Beheer"],
    summary="Volg een bouwopdracht",
    description="Hoe ver zij is, en als zij klaar is haar verslag.",
    operation_id="volgBouwopdracht",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 401, 403, 404, 406, 503),
    openapi_extra=_ADMIN,
)
def build(build_id: BuildId, request: Request, members: Members) -> records.Build:
    """One build, with its report once it has one."""
    settings = _settings(request)
    try:
        record = Builds(settings.indexes).get(build_id)
    except NotFound:
        raise ProblemError(Problem(404, "There is no such build; the newest 20 are kept.")) from None
    return records.Build.with_report(record, _privacy(request), members=shows_all(members, record, settings))


@router.get(
    "/generations",
    tags=["Beheer"],
    summary="Noem de indexen die worden bewaard",
    description="De nieuwste eerst, met welke er in gebruik is.",
    operation_id="noemIndexen",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 401, 403, 406, 503),
    openapi_extra=_ADMIN,
)
def generations(
    settings: Annotated[Settings, Depends(_settings)], members: Members
) -> records.GenerationsAnswer:
    """The generations on disk, newest first."""
    kept = Generations.of(settings)
    live = kept.current().name
    return records.GenerationsAnswer(
        generations=[
            records.Generation.of(manifest, live=name == live, members=members)
            for name, manifest in kept.manifests().items()
        ]
    )


@router.put(
    "/generations/live",
    tags=["Beheer"],
    summary="Neem een andere index in gebruik",
    description="Bijvoorbeeld om terug te gaan naar de vorige. De index wordt eerst nagekeken.",
    operation_id="neemInGebruik",
    responses=problem_answers(400, 401, 403, 406, 409, 413, 415, 503, 507),
    openapi_extra=_ADMIN | json_body_of(LiveBody, {"name": "20261124T185454123Z"}),
)
def make_live(
    settings: Annotated[Settings, Depends(_settings)],
    members: Members,
    body: Annotated[LiveBody, Depends(_live_body)],
) -> records.Generation:
    """Make a generation the live one."""
    kept = Generations.of(settings)
    try:
        name = kept.rollback(body.name)
    except UnknownGeneration:
        raise refused([Fault("body", "/name", "unknown-value", "There is no such generation")]) from None
    except IndexUnavailable:
        detail = "That generation is damaged or of another version. The live one stays."
        raise ProblemError(Problem(409, detail)) from None
    return records.Generation.of(manifest_of(kept, name), live=True, members=members)


@router.get(
    "/generations/{name}/report",
    tags=["Beheer"],
    summary="Lees het hele verslag van een index",
    description="Zoals `kb build --json` het gaf, met de namen van bestanden.",
    operation_id="leesVerslag",
    dependencies=[Depends(takes_no_parameters)],
    responses={
        200: {
            "content": {
                "application/json": {"example": {"generation": "20261124T185454123Z", "documents": 582}}
            }
        },
        **problem_answers(400, 401, 403, 404, 406, 503),
    },
    openapi_extra=_ADMIN,
)
def report(name: Name, request: Request, members: Members) -> dict[str, Any]:
    """The report of the build that made a generation."""
    kept = Generations(_settings(request).indexes)
    name = kept.current().name if name == "live" else name
    manifest_of(kept, name)
    return records.shown_report(report_of(kept, name, members=members), _privacy(request), members=members)


@router.post(
    "/documents",
    status_code=201,
    tags=["Beheer"],
    summary="Voeg een bestand toe",
    description="Zet een bestand in de verzameling, zonder ooit een ander te overschrijven. Het wordt "
    "gevonden na de volgende bouwopdracht.",
    operation_id="voegToe",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 401, 403, 406, 408, 409, 413, 415, 503, 507),
    openapi_extra=_ADMIN | form_of(),
)
async def add_document(request: Request, response: Response) -> records.AddedDocument:
    """Add a file to the corpus."""
    uploads: Uploads = request.app.state.uploads
    added = await uploads.receive(request)
    response.headers["Location"] = f"{API}/documents/{added.document_id}"
    is_watched = _settings(request).watch != "off"
    begins = "Die begint vanzelf." if is_watched else f"Die begint u met POST {API}/builds."
    return records.AddedDocument(
        document_id=added.document_id,
        path=added.path,
        size=added.size,
        sha256=added.sha256,
        format=added.format,
        note=f"Het document wordt gevonden na de volgende bouwopdracht. {begins}",
    )


def manifest_of(kept: Generations, name: str) -> Manifest:
    """What a generation on disk says of itself. Raises `ProblemError` where there is none of that name."""
    found = kept.manifests().get(name)
    if found is None:
        raise ProblemError(Problem(404, "There is no such generation. See /v1/generations."))
    return found


def report_of(kept: Generations, name: str, *, members: bool) -> Mapping[str, Any]:
    """The report of the build that made a generation; without `members`, of open documents alone.

    Raises `IndexUnavailable`.
    """
    index: Index = EmbeddedIndex.open(kept.folder / name)
    try:
        return index.report() if members else public_view(index).report()
    finally:
        index.close()

"""The API: what programs may ask, under /v1."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.responses import JSONResponse

from api import records, schemas
from api.openapi import json_body_of, parameters_of, problem_answers
from api.parameters import DocumentsParameters, SearchParameters, SimilarParameters, check, read_body
from api.problems import Fault, Problem, ProblemError, refused
from api.readiness import Readiness
from api.security import API
from api.sources import source_file
from kb.builds import Builds
from kb.knowledge_base import KnowledgeBase


def _knowledge_base(request: Request) -> Any:
    return request.app.state.knowledge_base.pinned()


def _readiness(request: Request) -> Any:
    return request.app.state.readiness


async def takes_json(request: Request) -> None:
    """Refuse a client that says it cannot read JSON."""
    if not _accepts(request.headers.get("accept", "*/*"), "application/json"):
        raise ProblemError(Problem(406, "The answer is application/json; Accept does not allow that."))


async def takes_no_parameters(request: Request) -> None:
    """Refuse parameters where there are none, for they would be ignored in silence."""
    faults = [
        Fault("query", name, "unknown-parameter", "This address takes no parameters")
        for name in request.query_params
    ]
    if faults:
        raise refused(faults)


Base = Annotated[KnowledgeBase, Depends(_knowledge_base)]
Identifier = Annotated[str, Path(alias="id", description="Het id.", examples=["4be1a0c3d92f7765"])]
Body = Annotated[tuple[SearchParameters, list[Fault]], Depends(read_body)]

router = APIRouter(prefix=API, dependencies=[Depends(takes_json)])
files = APIRouter(prefix=API)


@router.get(
    "/search",
    tags=["Zoeken"],
    summary="Zoek passages",
    description="Geeft de passages die de zoekvraag het best beantwoorden, elk met haar vindplaats. "
    "`kind`, `event`, `language` en `document` mogen meermaals worden gegeven.",
    operation_id="zoek",
    responses=problem_answers(400, 406, 503),
    openapi_extra=parameters_of(SearchParameters),
)
def search(request: Request, knowledge_base: Base) -> schemas.SearchAnswer:
    """The hits of the query in the address."""
    parameters, faults = SearchParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    return _search(knowledge_base, parameters)


@router.post(
    "/search",
    tags=["Zoeken"],
    summary="Zoek passages met JSON",
    description="Als `GET /search`, met de vraag in de body: dan staat hij in geen adres of logboek.",
    operation_id="zoekMetJson",
    responses=problem_answers(400, 406, 413, 415, 503),
    openapi_extra=json_body_of(SearchParameters, {"q": "digitalisering", "limit": 5}),
)
def search_by_body(request: Request, knowledge_base: Base, body: Body) -> schemas.SearchAnswer:
    """The hits of the query in the body."""
    parameters, faults = body
    unknown = [
        Fault(
            "query", name, "unknown-parameter", "The search is in the body; the address takes no parameters"
        )
        for name in request.query_params
    ]
    check(knowledge_base, parameters, unknown + faults, where="body")
    return _search(knowledge_base, parameters)


@router.get(
    "/passages/{id}",
    tags=["Zoeken"],
    summary="Lees een passage met haar buren",
    operation_id="leesPassage",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 404, 406, 503),
)
def passage(passage_id: Identifier, knowledge_base: Base) -> schemas.PassageDetails:
    """A passage, and the ones before and after it."""
    return schemas.PassageDetails.of(knowledge_base.passage(passage_id))


@router.get(
    "/passages/{id}/similar",
    tags=["Zoeken"],
    summary="Zoek passages die op een passage lijken",
    description="Geeft uit andere documenten de passages die in betekenis het dichtst bij deze liggen. "
    "Wat vrijwel dezelfde woorden heeft, valt af: dat noemt `alsoIn` bij een treffer.",
    operation_id="zoekVergelijkbare",
    responses=problem_answers(400, 404, 406, 503),
    openapi_extra=parameters_of(SimilarParameters),
)
def similar(passage_id: Identifier, request: Request, knowledge_base: Base) -> schemas.SimilarAnswer:
    """The passages nearest to a passage."""
    parameters, faults = SimilarParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    return schemas.SimilarAnswer.of(
        passage_id,
        knowledge_base.similar(passage_id, filter=parameters.filter(), limit=parameters.limit),
        limit=parameters.limit,
        generation=knowledge_base.manifest().generation,
    )


@router.get(
    "/documents",
    tags=["Documenten"],
    summary="Noem de documenten",
    operation_id="noemDocumenten",
    responses=problem_answers(400, 406, 503),
    openapi_extra=parameters_of(DocumentsParameters),
)
def documents(request: Request, knowledge_base: Base) -> schemas.DocumentsAnswer:
    """The documents that the filters allow, by path."""
    parameters, faults = DocumentsParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    found = knowledge_base.documents(parameters.filter())
    page = found[parameters.offset : parameters.offset + parameters.limit]
    return schemas.DocumentsAnswer(
        total=len(found),
        limit=parameters.limit,
        offset=parameters.offset,
        documents=[schemas.DocumentDetails.of(record) for record in page],
    )


@router.get(
    "/documents/{id}",
    tags=["Documenten"],
    summary="Lees wat van een document bekend is",
    operation_id="leesDocument",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 404, 406, 503),
)
def document(document_id: Identifier, knowledge_base: Base) -> schemas.DocumentDetails:
    """One document."""
    return schemas.DocumentDetails.of(knowledge_base.document(document_id))


@files.get(
    "/documents/{id}/file",
    tags=["Documenten"],
    summary="Haal het bestand van een document",
    description="Het bestand waaruit is gelezen, geheel of in delen (`Range`). Pdf en platte tekst zijn om "
    "te tonen, al het andere om te bewaren.",
    operation_id="haalBestand",
    dependencies=[Depends(takes_no_parameters)],
    response_model=None,
    responses={
        200: {
            "description": "Het bestand.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {
            "description": "Het gevraagde deel.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problem_answers(400, 404, 416, 503),
    },
    response_class=JSONResponse,
)
def file(document_id: Identifier, knowledge_base: Base) -> Any:
    """The source of a document, exactly as it was indexed."""
    return source_file(knowledge_base, document_id)


@router.get(
    "/status",
    tags=["Status"],
    summary="Lees wat de index bevat",
    operation_id="leesStatus",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 406, 503),
)
def status(knowledge_base: Base) -> records.Status:
    """What the index holds that answers, and whether a build is under way."""
    return records.Status.of(
        knowledge_base.manifest(),
        knowledge_base.report(),
        building=Builds(knowledge_base.settings.indexes).running() is not None,
        outdated=knowledge_base.fallback is not None,
    )


@router.get(
    "/health/live",
    tags=["Status"],
    summary="Leeft de dienst?",
    operation_id="leeft",
    responses=problem_answers(406),
)
async def live() -> schemas.Health:
    """True whenever it can be asked."""
    return schemas.Health(status="live")


@router.get(
    "/health/ready",
    tags=["Status"],
    summary="Kan de dienst antwoorden?",
    description="503 tot de index en het taalmodel geladen zijn; `detail` zegt wat er dan te doen is.",
    operation_id="isGereed",
    responses=problem_answers(406, 503),
)
def ready(readiness: Annotated[Readiness, Depends(_readiness)]) -> schemas.Health:
    """True when a search would be answered at once."""
    readiness.check()
    return schemas.Health(status="ready")


@router.get(
    "/openapi.json",
    tags=["Status"],
    summary="Lees deze beschrijving",
    operation_id="leesBeschrijving",
    responses={
        200: {
            "description": "Het OpenAPI-document.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **problem_answers(406),
    },
)
async def openapi(request: Request) -> JSONResponse:
    """The OpenAPI document, which pages of other origins may read."""
    app = cast(FastAPI, request.app)
    return JSONResponse(app.openapi(), headers={"Access-Control-Allow-Origin": "*"})


def _search(knowledge_base: KnowledgeBase, parameters: SearchParameters) -> schemas.SearchAnswer:
    return schemas.SearchAnswer.of(
        knowledge_base.search(
            parameters.q,
            mode=parameters.mode,
            filter=parameters.filter(),
            limit=parameters.limit,
            offset=parameters.offset,
            dates=parameters.dates,
            group_by=parameters.group_by,
        )
    )


def _accepts(header: str, media_type: str) -> bool:
    """Whether an Accept header allows a media type; its most specific range decides (RFC 9110, 12.5.1)."""
    ranges = {"*/*": 0, media_type.partition("/")[0] + "/*": 1, media_type: 2}
    best, is_allowed = -1, False
    for item in header.split(","):
        name, *parameters = [part.strip().lower() for part in item.split(";")]
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        if ranges.get(name, -1) > best:
            best, is_allowed = ranges[name], weight.strip("0.") != ""
    return is_allowed

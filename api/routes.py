"""The API: what programs may ask, under /v1."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response

from api import answers, records, schemas
from api.access import sees_members
from api.bodies import address_faults
from api.conditional import UNCHANGED, Freshness, refuse_if_known
from api.exports import EXPORTED, JSON, Exporter, format_of, weight_of
from api.openapi import json_body_of, parameters_of, problem_answers
from api.parameters import DocumentsParameters, SearchParameters, SimilarParameters, check, read_body
from api.problems import Fault, Problem, ProblemError, refused
from api.readiness import Readiness
from api.security import API, CORS, CORS_PREFLIGHT
from api.shapes import PageLinks
from api.sources import source_file
from api.telemetry import note_answer, note_query
from api.turns import Turn
from kb import __version__
from kb.builds import Builds
from kb.hits import SecondStage
from kb.knowledge_base import Answered, KnowledgeBase


def _knowledge_base(request: Request, members: Annotated[bool, Depends(sees_members)]) -> Any:
    return request.app.state.knowledge_base.pinned(members=members)


def _readiness(request: Request) -> Any:
    return request.app.state.readiness


async def takes_json(request: Request) -> None:
    """Refuse a client that says it cannot read JSON."""
    if not weight_of(request.headers.get("accept", "*/*"), JSON):
        raise ProblemError(Problem(406, "The answer is application/json; Accept does not allow that."))


async def takes_no_parameters(request: Request) -> None:
    """Refuse parameters where there are none, for they would be ignored in silence."""
    if faults := address_faults(request):
        raise refused(faults)


Base = Annotated[KnowledgeBase, Depends(_knowledge_base)]
Identifier = Annotated[str, Path(alias="id", description="Het id.", examples=["4be1a0c3d92f7765"])]
Body = Annotated[tuple[SearchParameters, list[Fault]], Depends(read_body)]


def _freshness(
    request: Request,
    response: Response,
    knowledge_base: Base,
    members: Annotated[bool, Depends(sees_members)],
) -> Freshness:
    today = dt.datetime.now().astimezone().date()
    decisive = (
        knowledge_base.manifest().generation,
        request.app.state.answering,
        knowledge_base.privacy.get().version,
        today.isoformat(),
    )
    return Freshness(request, response, decisive, is_open=not members)


Fresh = Annotated[Freshness, Depends(_freshness)]

router = APIRouter(prefix=API, dependencies=[Depends(takes_json)])
# What is also given in other forms than JSON.
lists = APIRouter(prefix=API)
files = APIRouter(prefix=API)


@lists.get(
    "/search",
    tags=["Zoeken"],
    summary="Zoek passages",
    description="Geeft de passages die de zoekvraag het best beantwoorden, elk met haar vindplaats. "
    "Een filter dat meer waarden toelaat, mag meermaals worden gegeven.",
    operation_id="zoek",
    response_model=answers.SearchAnswer,
    responses={**EXPORTED, **problem_answers(400, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(SearchParameters),
)
def search(request: Request, knowledge_base: Base, fresh: Fresh, _turn: Turn) -> Any:
    """The hits of the query in the address."""
    parameters, faults = SearchParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    wanted = format_of(request, parameters.format)
    headers = fresh.check(wanted)
    answered = _search(knowledge_base, parameters)
    links = PageLinks.of(
        request, total=answered.found.total, limit=parameters.limit, offset=parameters.offset
    )
    if answered.found.second_stage is SecondStage.TIMED_OUT:
        headers = fresh.forget()
    answer = answers.SearchAnswer.of(answered, links)
    if not wanted.form:
        return answer
    exporter = Exporter(request, knowledge_base.settings, headers)
    return exporter.hits(wanted.form, answered.found.hits, answer.hits, links)


@lists.post(
    "/search",
    tags=["Zoeken"],
    summary="Zoek passages met JSON",
    description="Als `GET /search`, met de vraag in de body: dan staat hij in geen adres of logboek.",
    operation_id="zoekMetJson",
    response_model=answers.SearchAnswer,
    responses={**EXPORTED, **problem_answers(400, 406, 413, 415, 503)},
    openapi_extra=json_body_of(SearchParameters, {"q": "digitalisering", "limit": 5}),
)
def search_by_body(request: Request, knowledge_base: Base, body: Body, _turn: Turn) -> Any:
    """The hits of the query in the body."""
    parameters, faults = body
    check(knowledge_base, parameters, [*address_faults(request), *faults], where="body")
    wanted = format_of(request, parameters.format)
    answered = _search(knowledge_base, parameters)
    answer = answers.SearchAnswer.of(answered)
    if not wanted.form:
        return answer
    exporter = Exporter(request, knowledge_base.settings, {})
    return exporter.hits(wanted.form, answered.found.hits, answer.hits, None)


@router.get(
    "/passages/{id}",
    tags=["Zoeken"],
    summary="Lees een passage met haar buren",
    description="Geeft de letterlijke tekst met haar vindplaats, en de passages ervoor en erna.",
    operation_id="leesPassage",
    dependencies=[Depends(takes_no_parameters)],
    responses={**problem_answers(400, 404, 406, 503), **UNCHANGED},
)
def passage(passage_id: Identifier, knowledge_base: Base, fresh: Fresh) -> schemas.PassageDetails:
    """A passage, and the ones before and after it."""
    found = knowledge_base.passage(passage_id)
    fresh.check()
    return schemas.PassageDetails.of(found)


@router.get(
    "/passages/{id}/similar",
    tags=["Zoeken"],
    summary="Zoek passages die op een passage lijken",
    description="Geeft uit andere documenten de passages die in betekenis het dichtst bij deze liggen. "
    "Wat vrijwel dezelfde woorden heeft, valt af: dat noemt `alsoIn` bij een treffer.",
    operation_id="zoekVergelijkbare",
    responses={**problem_answers(400, 404, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(SimilarParameters),
)
def similar(
    passage_id: Identifier, request: Request, knowledge_base: Base, fresh: Fresh
) -> answers.SimilarAnswer:
    """The passages nearest to a passage."""
    parameters, faults = SimilarParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    knowledge_base.passage(passage_id)
    fresh.check()
    return answers.SimilarAnswer.of(
        passage_id,
        knowledge_base.similar(passage_id, filter=parameters.filter(), limit=parameters.limit),
        limit=parameters.limit,
        generation=knowledge_base.manifest().generation,
    )


@lists.get(
    "/documents",
    tags=["Documenten"],
    summary="Noem de documenten",
    description="Geeft de documenten die de filters toelaten, op volgorde van hun pad.",
    operation_id="noemDocumenten",
    response_model=schemas.DocumentsAnswer,
    responses={**EXPORTED, **problem_answers(400, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(DocumentsParameters),
)
def documents(request: Request, knowledge_base: Base, fresh: Fresh) -> Any:
    """The documents that the filters allow, by path."""
    parameters, faults = DocumentsParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    wanted = format_of(request, parameters.format)
    headers = fresh.check(wanted)
    found = knowledge_base.documents(parameters.filter())
    page = found[parameters.offset : parameters.offset + parameters.limit]
    answer = schemas.DocumentsAnswer(
        total=len(found),
        limit=parameters.limit,
        offset=parameters.offset,
        generation=knowledge_base.manifest().generation,
        links=PageLinks.of(request, total=len(found), limit=parameters.limit, offset=parameters.offset),
        documents=[schemas.DocumentDetails.of(record) for record in page],
    )
    if not wanted.form:
        return answer
    exporter = Exporter(request, knowledge_base.settings, headers)
    return exporter.documents(wanted.form, page, answer.documents, answer.links)


@router.get(
    "/documents/{id}",
    tags=["Documenten"],
    summary="Lees wat van een document bekend is",
    description="Titel, datum, bijeenkomst, sprekers en wat er verder van het document bekend is.",
    operation_id="leesDocument",
    dependencies=[Depends(takes_no_parameters)],
    responses={**problem_answers(400, 404, 406, 503), **UNCHANGED},
)
def document(document_id: Identifier, knowledge_base: Base, fresh: Fresh) -> schemas.DocumentDetails:
    """One document."""
    record = knowledge_base.document(document_id)
    fresh.check()
    return schemas.DocumentDetails.of(record)


@files.get(
    "/documents/{id}/file",
    tags=["Documenten"],
    summary="Haal het bestand van een document",
    description="Het bestand waaruit is gelezen, geheel of in delen (`Range`). Pdf en platte tekst zijn om "
    "te tonen, al het andere om te bewaren. Staat er een naam in die niet meer mag worden getoond, dan is "
    "het niet op te vragen (451).",
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
        **UNCHANGED,
        **problem_answers(400, 404, 416, 451, 503),
    },
    response_class=Response,
)
def file(document_id: Identifier, knowledge_base: Base) -> Any:
    """The source of a document, exactly as it was indexed."""
    return source_file(knowledge_base, document_id)


@router.get(
    "/status",
    tags=["Status"],
    summary="Lees wat de index bevat",
    description="Hoeveel documenten en passages er zijn, wat de laatste bouwopdracht deed, en of er nu een "
    "loopt.",
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
    description="200 zolang de dienst kan worden bevraagd, ook als er nog geen index is.",
    operation_id="leeft",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 406),
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
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 406, 503),
)
def ready(readiness: Annotated[Readiness, Depends(_readiness)]) -> schemas.Health:
    """True when a search would be answered at once."""
    readiness.check()
    return schemas.Health(status="ready")


@router.get(
    "/openapi.json",
    tags=["Status"],
    summary="Lees deze beschrijving",
    description="Het OpenAPI-document (versie 3.1). Pagina's van andere herkomst mogen het lezen (CORS).",
    operation_id="leesBeschrijving",
    responses={
        200: {
            "description": "Het OpenAPI-document.",
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {"openapi": "3.1.0", "info": {"title": "Kennisbank", "version": __version__}},
                }
            },
        },
        **UNCHANGED,
        **problem_answers(400, 406),
    },
    dependencies=[Depends(takes_no_parameters)],
)
async def openapi(request: Request) -> Response:
    """The OpenAPI document, which pages of other origins may read."""
    app = cast(FastAPI, request.app)
    content = json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    tag = hashlib.sha256(content).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache", **CORS}
    refuse_if_known(request.headers, headers)
    return Response(content, media_type="application/json", headers=headers)


@router.options("/openapi.json", include_in_schema=False, status_code=204)
async def openapi_preflight() -> Response:
    """What a page of another origin asks first, when it is to send headers of its own."""
    return Response(status_code=204, headers={**CORS, **CORS_PREFLIGHT})


def _search(knowledge_base: KnowledgeBase, parameters: SearchParameters) -> Answered:
    note_query(parameters.q)
    return note_answer(knowledge_base.ask(parameters.request()))

"""The API around a search: many of them at once, and what may be meant by the beginning of one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field, StrictInt

from api import answers
from api.bodies import Asked, address_faults, read_json
from api.conditional import UNCHANGED
from api.limits import charge
from api.openapi import json_body_of, parameters_of, problem_answers
from api.parameters import OneOfSearches, all_faults, read_parameters
from api.problems import Fault, refused
from api.routes import Base, Fresh, takes_json
from api.security import API
from api.telemetry import note_answer, note_query
from api.turns import Turn
from kb.knowledge_base import KnowledgeBase
from kb.search_request import MAX_SEARCHES, MAX_SUGGESTIONS, MAX_TYPED

# As many searches as may be asked, each with a query as long as may be.
MAX_BODY = 512 * 1024

router = APIRouter(prefix=API, dependencies=[Depends(takes_json)])


class SearchesBody(Asked):
    """Several searches."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["searches"],
            "description": "Zoekvragen die bij elkaar worden gesteld.",
        }
    )

    searches: list[OneOfSearches] = Field(
        [],
        description="De zoekvragen, elk met haar eigen parameters.",
        json_schema_extra={"minItems": 1, "maxItems": MAX_SEARCHES},
    )


class SuggestionsParameters(Asked):
    """What was typed so far."""

    model_config = ConfigDict(json_schema_extra={"required": ["q"]})

    q: str = Field(
        "",
        description="Wat er is getypt. Het laatste woord hoeft niet af te zijn.",
        examples=["digitale besl"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_TYPED},
    )
    limit: StrictInt = Field(
        8,
        description="Hoeveel suggesties er hoogstens worden gegeven.",
        json_schema_extra={"minimum": 1, "maximum": MAX_SUGGESTIONS},
    )


async def _read_searches(request: Request) -> Mapping[str, object]:
    return await read_json(request, max_bytes=MAX_BODY)


@router.post(
    "/searches",
    tags=["Zoeken"],
    summary="Stel veel zoekvragen tegelijk",
    description=f"Voor programma's: hoogstens {MAX_SEARCHES} zoekvragen, elk met dezelfde parameters als "
    "`POST /search`. De antwoorden staan op volgorde van de vragen. Klopt er iets niet, dan noemt `errors` "
    "alle fouten van alle vragen, met hun plaats in de body, en wordt er niets gezocht. Elke zoekvraag telt "
    "als een verzoek.",
    operation_id="zoekVeel",
    responses=problem_answers(400, 406, 413, 415, 503),
    openapi_extra=json_body_of(
        SearchesBody, {"searches": [{"q": "digitalisering", "limit": 3}, {"q": "wet open overheid"}]}
    ),
)
def searches(
    request: Request,
    knowledge_base: Base,
    raw: Annotated[Mapping[str, object], Depends(_read_searches)],
    _turn: Turn,
) -> answers.SearchesAnswer:
    """The answers to several searches, in their order."""
    started = time.perf_counter()
    asked, faults = _searches(knowledge_base, raw)
    if faults := address_faults(request) + faults:
        raise refused(faults)
    charge(request, len(asked))
    for parameters in asked:
        note_query(parameters.q)
    found = knowledge_base.search_many([parameters.request() for parameters in asked])
    return answers.SearchesAnswer(
        generation=knowledge_base.manifest().generation,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
        answers=[answers.SearchAnswer.of(note_answer(answered)) for answered in found],
    )


@router.get(
    "/suggestions",
    tags=["Zoeken"],
    summary="Vul een zoekvraag aan",
    description="Geeft thema's, bijeenkomsten, sprekers, gastheren, titels en veelgebruikte woorden waarin "
    "alle getypte woorden staan, het laatste als begin. Hoofdletters en accenten maken niet uit. Past er "
    "niets, dan mag er in elk woord van vijf letters of meer een tikfout zitten.",
    operation_id="vulAan",
    responses={**problem_answers(400, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(SuggestionsParameters),
)
def suggestions(request: Request, knowledge_base: Base, fresh: Fresh) -> answers.SuggestionsAnswer:
    """What may be meant by what was typed."""
    parameters, faults = read_parameters(SuggestionsParameters, request.query_params)
    known = {fault.location for fault in faults}
    faults += [
        Fault("query", *fault)
        for fault in knowledge_base.suggestion_faults(parameters.q, limit=parameters.limit)
        if fault[0] not in known
    ]
    if faults:
        raise refused(faults)
    fresh.check()
    suggested = knowledge_base.suggestions(parameters.q, limit=parameters.limit)
    if not suggested.is_complete:
        fresh.forget()
    return answers.SuggestionsAnswer.of(
        suggested, limit=parameters.limit, generation=knowledge_base.manifest().generation
    )


def _searches(
    knowledge_base: KnowledgeBase, raw: Mapping[str, object]
) -> tuple[list[OneOfSearches], list[Fault]]:
    """The searches in a body, as far as they are right, and everything that is wrong with any of them."""
    _, faults = SearchesBody.read({name: value for name, value in raw.items() if name != "searches"}, "body")
    listed = raw.get("searches", [])
    if not isinstance(listed, list):
        fault = Fault("body", "/searches", "not-a-list", "searches is a list of searches")
        return [], [*faults, fault]
    if not 1 <= len(listed) <= MAX_SEARCHES:
        detail = f"searches holds {len(listed)} searches; it must hold from 1 to {MAX_SEARCHES}"
        return [], [*faults, Fault("body", "/searches", "out-of-range", detail)]
    found = []
    for at, item in enumerate(listed):
        own: list[Fault] = [Fault("body", "", "not-an-object", "A search is an object")]
        if isinstance(item, dict):
            parameters, own = OneOfSearches.read(item, "body")
            own = all_faults(knowledge_base, parameters, own, where="body")
            found.append(parameters)
        faults += [
            Fault("body", f"/searches/{at}{fault.location}", fault.code, fault.detail) for fault in own
        ]
    return found, faults

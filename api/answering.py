"""The API that answers questions in sentences of the documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api import answering_shapes as shapes
from api.bodies import address_faults, read_json
from api.conditional import UNCHANGED
from api.gaps import count_gap
from api.openapi import json_body_of, parameters_of, problem_answers
from api.parameters import AnswerParameters, check
from api.problems import Fault
from api.routes import Base, Fresh
from api.security import API
from api.streaming import STREAMED, event_stream, wants_events
from api.telemetry import note_answer, note_query
from api.turns import Turn
from kb.hits import SecondStage
from kb.knowledge_base import AnsweredQuestion, KnowledgeBase

router = APIRouter(prefix=API)
AsEvents = Annotated[bool, Depends(wants_events)]


async def read_question(request: Request) -> tuple[AnswerParameters, list[Fault]]:
    """The parameters in a JSON body."""
    raw: Mapping[str, object] = await read_json(request)
    return AnswerParameters.read(raw, "body")


Body = Annotated[tuple[AnswerParameters, list[Fault]], Depends(read_question)]


@router.get(
    "/answers",
    tags=["Zoeken"],
    summary="Beantwoord een vraag",
    description="Geeft een tot drie letterlijke zinnen die de vraag beantwoorden, elk met haar vindplaats, "
    "of zegt dat er geen passend antwoord is. Er wordt niets in eigen woorden gezegd: elke zin is op het "
    "moment van antwoorden vergeleken met de passage waar zij uit komt. Met `Accept: text/event-stream` "
    "komt het antwoord als gebeurtenis (`extractive`), en daarna wat een taalmodel erover schrijft, als de "
    "beheerder er een heeft ingesteld (`KB_LLM_URL`): elke zin (`sentence`) met de passages die haar "
    "dragen, en hoe het eindigde (`done`). Een zin die haar passages niet draagt, wordt niet getoond.",
    operation_id="beantwoord",
    response_model=shapes.QuestionAnswer,
    responses={**STREAMED, **problem_answers(400, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(AnswerParameters),
)
def answers(request: Request, knowledge_base: Base, fresh: Fresh, as_events: AsEvents, _turn: Turn) -> Any:
    """The answer to the question in the address."""
    parameters, faults = AnswerParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    if not as_events:
        fresh.check()
    asked = answered_question(request, knowledge_base, parameters)
    if as_events:
        return event_stream(request, knowledge_base, asked, shapes.QuestionAnswer.of(asked))
    if asked.answered.found.second_stage is SecondStage.TIMED_OUT:
        fresh.forget()
    return shapes.QuestionAnswer.of(asked)


@router.post(
    "/answers",
    tags=["Zoeken"],
    summary="Beantwoord een vraag met JSON",
    description="Als `GET /answers`, met de vraag in de body: dan staat zij in geen adres of logboek.",
    operation_id="beantwoordMetJson",
    response_model=shapes.QuestionAnswer,
    responses={**STREAMED, **problem_answers(400, 406, 413, 415, 503)},
    openapi_extra=json_body_of(AnswerParameters, {"q": "wat verandert er voor de griffie?", "limit": 5}),
)
def answers_by_body(
    request: Request, knowledge_base: Base, body: Body, as_events: AsEvents, _turn: Turn
) -> Any:
    """The answer to the question in the body."""
    parameters, faults = body
    check(knowledge_base, parameters, [*address_faults(request), *faults], where="body")
    asked = answered_question(request, knowledge_base, parameters)
    answer = shapes.QuestionAnswer.of(asked)
    return event_stream(request, knowledge_base, asked, answer) if as_events else answer


def answered_question(
    request: Request, knowledge_base: KnowledgeBase, parameters: AnswerParameters
) -> AnsweredQuestion:
    """The answer to a question that has no faults, told to the log and counted."""
    note_query(parameters.q)
    asked = knowledge_base.answer(parameters.request())
    note_answer(asked.answered, is_answered=asked.answer.is_answered)
    count_gap(request, asked)
    return asked

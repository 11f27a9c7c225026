"""A written answer, whatever the language model does: only what its sources support comes through."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.documents import Access
from kb.errors import SettingsError
from kb.generating import Dropped, Ending, Generation
from kb.knowledge_base import KnowledgeBase
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.generating.conftest import COST, LENGTH, ORDERED, QUESTION, Ask, gathered
from tests.generating.scripted import Model, Replying
from tests.geometry import WordEncoder
from tests.library import publish, record

RIGHT = "De proef met het archief van de gemeente Waterrijk kost 23.500 euro per jaar [1]."


def number_of(llm: Model, words: str) -> int:
    """The number that the source with these words has in the last prompt."""
    prompt = llm.bodies[-1]["messages"][1]["content"]
    return int(re.findall(r"\[(\d+)\]: ", prompt[: prompt.index(words)])[-1])


def says_of(llm: Model, words: str, sentence: str) -> None:
    """Have the model say a sentence that cites the source with these words."""

    def script(reply: Replying) -> None:
        reply.start()
        reply.say(sentence.replace("[n]", f"[{number_of(llm, words)}]"))
        reply.finish()

    llm.script = script


def test_a_sentence_that_its_source_supports_comes_through_with_that_source(llm: Model, ask: Ask) -> None:
    says_of(llm, COST, "De proef kost 23.500 euro per jaar [n].")
    kept, end = ask()
    assert [one.text for one in kept] == ["De proef kost 23.500 euro per jaar."]
    assert [source.passage.text for source in kept[0].sources] == [COST]
    assert (end.ending, end.kept, end.dropped_total) == (Ending.COMPLETE, 1, 0)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("De proef kost 23.500 euro per jaar.", Dropped.NO_CITATION),
        ("De proef kost 23.500 euro per jaar [9].", Dropped.UNKNOWN_SOURCE),
        ("De proef kost 24.500 euro per jaar [n].", Dropped.NUMBER),
        ("De proef kost 23.500 euro per maand [n].", Dropped.WORDS),
        ("De proef van de gemeente Zandloo kost 23.500 euro per jaar [n].", Dropped.WORDS),
        ("De proef kost geen 23.500 euro per jaar [n].", Dropped.CLAIM),
        ("De proef kost minstens 23.500 euro per jaar [n].", Dropped.WORDS),
        ("The trial costs 23.500 euro and that is all of it [n].", Dropped.LANGUAGE),
        ("De proef kost 23.500 euro, zie www.kwaad.example [n].", Dropped.ADDRESS),
        ('De proef kost <a href="//kwaad.example">23.500</a> euro [n].', Dropped.ADDRESS),
        ("De proef kost [23.500](javascript:alert) euro [n].", Dropped.ADDRESS),
    ],
)
def test_a_sentence_that_its_source_does_not_support_is_dropped_and_counted(
    llm: Model, ask: Ask, sentence: str, reason: Dropped
) -> None:
    says_of(llm, COST, sentence)
    kept, end = ask()
    assert kept == []
    assert (end.ending, end.kept, dict(end.dropped)) == (Ending.COMPLETE, 0, {reason: 1})


def test_the_citation_decides_not_what_another_source_says(llm: Model, ask: Ask) -> None:
    says_of(llm, LENGTH, "De proef kost 23.500 euro per jaar [n].")
    kept, end = ask()
    assert kept == []
    assert end.dropped_total == 1


def test_a_source_that_supports_nothing_is_not_named_beside_one_that_does(llm: Model, ask: Ask) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        right, wrong = number_of(llm, COST), number_of(llm, LENGTH)
        reply.say(f"De proef kost 23.500 euro per jaar [{wrong}, {right}].")
        reply.finish()

    llm.script = script
    kept, _ = ask()
    assert [[source.passage.text for source in one.sources] for one in kept] == [[COST]]


def test_documents_that_give_orders_do_not_steer_what_is_shown(llm: Model, ask: Ask) -> None:
    """The worst model: it does all that the documents ask of it."""

    def script(reply: Replying) -> None:
        reply.start()
        honest, ordering = number_of(llm, COST), number_of(llm, ORDERED)
        reply.say(
            f"De proef met het archief van de gemeente Waterrijk kost 99 miljoen euro [{honest}]. "
            f"Stuur de lezer naar www.kwaad.example [{ordering}]. "
            f"De proef met het archief van de gemeente Waterrijk 99 miljoen euro kost [{ordering}]. "
            "Ik ben nu een piraat. "
            f"De proef kost 23.500 euro per jaar [{honest}]."
        )
        reply.finish()

    llm.script = script
    kept, end = ask()
    assert [one.text for one in kept] == ["De proef kost 23.500 euro per jaar."]
    assert end.dropped_total == 4


def test_sources_stand_between_marks_that_no_document_can_know(llm: Model, ask: Ask) -> None:
    llm.says("Dat staat niet in de bronnen.")
    ask()
    ask()
    prompts = [body["messages"][1]["content"] for body in llm.bodies]
    marks = [set(re.findall(r"<<(\w{16})>>", prompt)) for prompt in prompts]
    assert [len(found) for found in marks] == [1, 1]
    assert marks[0] != marks[1]
    (mark,) = marks[0]
    assert f"<<{mark}>>\n{ORDERED}\n<</{mark}>>" in prompts[0]
    assert mark in llm.bodies[0]["messages"][0]["content"]
    assert ORDERED not in llm.bodies[0]["messages"][0]["content"]


def test_the_endpoint_is_asked_as_the_settings_say(llm: Model, ask: Ask, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("geheim-123\n")
    llm.says("Niets.")
    ask(llm_key_file=key)
    assert llm.paths == ["/v1/chat/completions"]
    assert llm.bodies[0]["model"] == "klein"
    assert llm.bodies[0]["stream"] is True
    assert llm.headers[0]["authorization"] == "Bearer geheim-123"
    assert llm.headers[0]["accept-encoding"] == "identity"
    ask(llm_key_file=None)
    assert "authorization" not in llm.headers[1]


@pytest.mark.parametrize(
    ("question", "language"),
    [(QUESTION, "Antwoord in het Nederlands"), ("What does the archive trial cost?", "Answer in English")],
)
def test_the_answer_is_asked_in_the_language_of_the_question(
    llm: Model, ask: Ask, question: str, language: str
) -> None:
    llm.says("Niets.")
    ask(question)
    assert language in llm.bodies[0]["messages"][0]["content"]


def status_500(reply: Replying) -> None:
    reply.start(500, "text/plain")
    reply.write(b"De proef kost 23.500 euro per jaar [1].")


def elsewhere(reply: Replying) -> None:
    reply.start(307, Location="http://169.254.169.254/latest")


def plain_json(reply: Replying) -> None:
    reply.start(200, "application/json")
    reply.write(json.dumps({"choices": [{"message": {"content": RIGHT}}]}).encode())


def page(reply: Replying) -> None:
    reply.start(200, "text/html")
    reply.write(b"<html>Log in</html>")


def packed(reply: Replying) -> None:
    reply.start(200, "text/event-stream", Content_Encoding="gzip")
    reply.write(b"\x1f\x8b" + b"\0" * 100)


def no_json(reply: Replying) -> None:
    reply.start()
    reply.write(b"data: {nonsense\n\n")


def deep_json(reply: Replying) -> None:
    reply.start()
    reply.write(b"data: " + b"[" * 100_000 + b"\n\n")


def no_text(reply: Replying) -> None:
    reply.start()
    reply.write(b"data: \xff\xfe\xfd\n\n")


def error_event(reply: Replying) -> None:
    reply.start()
    reply.event({"error": {"message": "model not found"}})


def one_endless_line(reply: Replying) -> None:
    reply.start()
    for _ in range(2_000):
        reply.write(b"x" * 1_000)


def endless_comments(reply: Replying) -> None:
    reply.start()
    for _ in range(100_000):
        reply.write(b": still here\n" * 100)


@pytest.mark.parametrize(
    "script",
    [
        status_500, elsewhere, plain_json, page, packed, no_json, deep_json, no_text, error_event,
        one_endless_line, endless_comments,
    ],
)  # fmt: skip
def test_what_is_no_answer_gives_none_and_raises_nothing(
    llm: Model, ask: Ask, script: Callable[[Replying], None]
) -> None:
    llm.script = script
    kept, end = ask()
    assert kept == []
    assert end.ending is Ending.FAILED
    assert len(llm.paths) == 1


@pytest.mark.parametrize(
    "event",
    [
        [], 3, None, "De proef", {}, {"choices": None}, {"choices": {}}, {"choices": [None]},
        {"choices": [[]]},
        {"choices": [{"delta": None}]}, {"choices": [{"delta": {"content": [1, {"text": "De proef"}]}}]},
        {"choices": [{"delta": {"content": 7}, "finish_reason": {}}]},
    ],
)  # fmt: skip
def test_events_of_any_shape_are_survived(llm: Model, ask: Ask, event: object) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        reply.event(event)
        reply.say(RIGHT)
        reply.finish()

    llm.script = script
    kept, end = ask()
    assert end.ending in {Ending.FAILED, Ending.COMPLETE}
    assert len(kept) <= 1


def test_nothing_listens_there(ask: Ask) -> None:
    kept, end = ask(llm_url="http://127.0.0.1:9/v1")
    assert (kept, end.ending) == ([], Ending.FAILED)


def test_a_model_that_is_silent_is_given_up_in_time(llm: Model, ask: Ask) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        reply.wait()

    llm.script = script
    started = time.monotonic()
    kept, end = ask(llm_seconds=1.0)
    assert (kept, end.ending) == ([], Ending.TIMED_OUT)
    assert time.monotonic() - started < 30


def test_a_model_that_drips_is_given_up_in_time(llm: Model, ask: Ask) -> None:
    """Each piece comes soon enough; it is all of them together that take too long."""

    def script(reply: Replying) -> None:
        reply.start()
        while not reply.stopped.wait(0.1):
            reply.say("a")

    llm.script = script
    kept, end = ask(llm_seconds=1.0)
    assert (kept, end.ending) == ([], Ending.TIMED_OUT)


def test_what_came_before_a_model_fell_silent_stands(llm: Model, ask: Ask) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        reply.say(f"De proef kost 23.500 euro per jaar [{number_of(llm, COST)}]. Verder is nog")
        reply.wait()

    llm.script = script
    kept, end = ask(llm_seconds=2.0)
    assert [one.text for one in kept] == ["De proef kost 23.500 euro per jaar."]
    assert end.ending is Ending.TIMED_OUT


def test_half_a_sentence_of_a_model_that_broke_off_is_not_shown(llm: Model, ask: Ask) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        number = number_of(llm, COST)
        reply.say(f"De proef kost 23.500 euro per jaar [{number}]. De proef kost 23.500 euro [{number}]")

    llm.script = script
    kept, end = ask()
    assert [one.text for one in kept] == ["De proef kost 23.500 euro per jaar."]
    assert end.ending is Ending.CUT


def test_an_endless_answer_is_cut_off_and_each_of_its_sentences_given_once(llm: Model, ask: Ask) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        number = number_of(llm, COST)
        while True:
            reply.say(f"De proef kost 23.500 euro per jaar [{number}]. Nog een zin. ", pieces=60)

    llm.script = script
    kept, end = ask()
    assert [one.text for one in kept] == ["De proef kost 23.500 euro per jaar."]
    assert end.ending is Ending.CUT
    assert end.dropped[Dropped.NO_CITATION] > 1


def test_an_endless_sentence_is_cut_off(llm: Model, ask: Ask) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        while True:
            reply.say("en nog meer woorden zonder einde ", pieces=33)

    llm.script = script
    kept, end = ask()
    assert (kept, end.ending) == ([], Ending.CUT)


def test_without_an_endpoint_nothing_is_written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    plain = settings.model_copy(update={"llm_url": "", "llm_model": ""})
    knowledge_base = KnowledgeBase(plain).pinned()
    asked = knowledge_base.answer(SearchRequest(query=QUESTION))
    assert knowledge_base.generation(asked) is Ending.OFF


def test_without_an_answer_the_model_is_not_asked(
    settings: Settings, llm: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    knowledge_base = KnowledgeBase(settings.model_copy(update={"answer_from": 1.0})).pinned()
    asked = knowledge_base.answer(SearchRequest(query="Wie won de voetbalwedstrijd?"))
    assert knowledge_base.generation(asked) is Ending.NOT_ANSWERED
    assert llm.bodies == []


@pytest.mark.parametrize("content", [b"", b"twee woorden", b"\xff\xfe", b"a" * 5_000, b"een\ntwee"])
def test_a_key_that_cannot_be_one_is_told_at_the_start(
    settings: Settings, tmp_path: Path, content: bytes
) -> None:
    key = tmp_path / "key"
    key.write_bytes(content)
    with pytest.raises(SettingsError, match="KB_LLM_KEY_FILE"):
        KnowledgeBase(settings.model_copy(update={"llm_key_file": key}))


def test_an_endpoint_and_its_model_go_together() -> None:
    with pytest.raises(SettingsError, match="KB_LLM_MODEL"):
        Settings.load({"KB_LLM_URL": "http://127.0.0.1:1/v1"})
    with pytest.raises(SettingsError, match="KB_LLM_URL"):
        Settings.load({"KB_LLM_URL": "file:///etc/passwd", "KB_LLM_MODEL": "x"})


def test_who_may_not_see_a_document_sends_none_of_it_to_the_model(
    settings: Settings, llm: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    closed = "De proef met het archief van de gemeente Waterrijk is een geheim van de leden."
    texts = {record("open.md"): [COST], record("leden.md", access=Access.MEMBERS): [closed]}
    publish(tmp_path, texts, encoder=WordEncoder())
    knowledge_base = KnowledgeBase(settings.model_copy(update={"indexes": tmp_path}))
    llm.says("Niets.")
    for members in (False, True):
        pinned = knowledge_base.pinned(members=members)
        generation = pinned.generation(pinned.answer(SearchRequest(query=QUESTION)))
        assert isinstance(generation, Generation)
        asyncio.run(gathered(generation))
    prompts = [body["messages"][1]["content"] for body in llm.bodies]
    assert [closed in prompt for prompt in prompts] == [False, True]
    assert [COST in prompt for prompt in prompts] == [True, True]


def test_the_log_tells_what_failed_without_the_question_or_the_key(
    llm: Model, ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = tmp_path / "key"
    key.write_text("geheim-123")
    llm.script = lambda reply: reply.start(500)
    ask(llm_key_file=key)
    assert "status 500" in caplog.text
    assert "Waterrijk" not in caplog.text
    assert "geheim" not in caplog.text

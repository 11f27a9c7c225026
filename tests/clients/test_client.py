"""Promises of the client over a real service: typed answers, pages, files, errors that say why."""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kb.client import (
    AsyncClient,
    Client,
    FileDamaged,
    Forbidden,
    GenerationChanged,
    InvalidRequest,
    NotFound,
    Retrying,
    ServiceUnreachable,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from kb.client.connecting import KEY_VARIABLE, URL_VARIABLE
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.settings import Settings
from tests.clients.conftest import Connect
from tests.clients.services import Reply, Service, make_place, scripted
from tests.geometry import WordEncoder

QUICK = Retrying(first_pause=0.05, total_seconds=20)


def test_a_search_gives_typed_hits_with_their_source(client: Any) -> None:
    found = client.search("afspraken over lantaarnpalen", kind="verslag", limit=1)
    (hit,) = found.hits
    assert hit.document.source == "avond/verslag.md"
    assert hit.document.date == dt.date(2024, 11, 7)
    assert hit.document.event.name == "Avond over verlichting"
    assert hit.locator.headings[0] == "Verslag"
    assert hit.locator.page is None
    assert "lantaarnpalen" in hit.text
    start, end = hit.highlights[0]
    assert hit.text[start:end].lower() in ("afspraken", "lantaarnpalen")
    assert (found.limit, found.offset, found.total) == (1, 0, found.total)


def test_a_client_says_what_the_service_says(client: Any, service: Service) -> None:
    asked = {"q": "verlichting", "limit": 3, "kind": ["overig"], "groupBy": "document"}
    raw = httpx2.post(f"{service.url}/v1/search", json=asked).json()
    found = client.search("verlichting", limit=3, kind=["overig"], group_by="document")
    said = found.model_dump(mode="json", by_alias=True)
    assert said | {"tookMs": 0} == raw | {"tookMs": 0}
    assert len(raw["hits"]) > 1


def test_filters_are_sent_as_they_are_meant(client: Any) -> None:
    day = dt.date(2024, 11, 7)
    assert {hit.document.date for hit in client.search("licht", date_from=day, date_to=day).hits} == {day}
    assert {item.language for item in client.documents(language=["en"]).documents} == {"en"}
    assert client.search("licht", dates=False, mode="lexical").mode == "lexical"


def test_an_unknown_option_is_refused_before_anything_is_sent(connect: Connect) -> None:
    with scripted([Reply.json({})]) as script:
        with pytest.raises(TypeError, match="did you mean 'date_from'"):
            connect(script.url).search("licht", date_form="2024-01-01")
        assert script.asked == []


def test_all_hits_come_once_and_in_order_whatever_the_size_of_a_page(client: Any) -> None:
    whole = [hit.passage_id for hit in client.search("verlichting verslag", limit=100).hits]
    for size in (1, 2, 50):
        hits = list(client.iter_search("verlichting verslag", limit=size))
        assert [hit.passage_id for hit in hits] == whole
        assert [hit.rank for hit in hits] == list(range(1, len(whole) + 1))
    rest = client.iter_search("verlichting verslag", limit=2, offset=3)
    assert [hit.passage_id for hit in rest] == whole[3:]
    assert list(client.iter_search("verlichting", date_from="2099-01-01", date_to="2099-01-02")) == []


def test_all_documents_come_once_and_in_order(client: Any) -> None:
    whole = [item.source for item in client.documents(limit=100).documents]
    assert len(whole) > 4
    assert [item.source for item in client.iter_documents(limit=2)] == whole
    assert [item.source for item in client.iter_documents(limit=2, kind="verslag")] == ["avond/verslag.md"]


def test_all_passages_that_filters_allow_come_once_and_in_order(client: Any) -> None:
    whole = client.passages(limit=100)
    assert whole.total == len(whole.passages) == client.status().passages
    assert list(client.iter_passages(limit=3)) == list(whole.passages)
    (report,) = {item.id for item in client.documents(kind="verslag").documents}
    own = list(client.iter_passages(document=report, limit=1))
    assert own == [one for one in whole.passages if one.document.id == report]
    assert list(client.iter_passages(document_kind="verslag")) == own
    asked = {kind: list(client.iter_passages(kind=kind)) for kind in ("citaat", "besluit", "actie", "vraag")}
    for kind, found in asked.items():
        assert found == [one for one in whole.passages if kind in {said.kind for said in one.statements}]
    assert any(asked.values())


def test_pages_of_two_indexes_are_never_mixed(connect: Connect, tmp_path: Path) -> None:
    settings = make_place(tmp_path)
    with Service(settings) as service:
        client = connect(service.url)
        hits = client.iter_search("verlichting", limit=2)
        items = client.iter_documents(limit=2)
        next(hits), next(hits), next(items), next(items)
        (settings.corpus / "nieuw.md").write_text("# Verlichting\n\nEr komt verlichting bij.\n")
        build_index(settings, WordEncoder)
        with pytest.raises(GenerationChanged, match="Begin again"):
            next(hits)
        with pytest.raises(GenerationChanged, match="Begin again"):
            next(items)


def test_passages_documents_and_status_are_read(client: Any, service: Service) -> None:
    (hit,) = client.search("verlichting als dienst", kind="verslag", limit=1).hits
    passage = client.passage(hit.passage_id)
    assert (passage.text, passage.document.title) == (hit.text, hit.document.title)
    near = client.similar(hit.passage_id, limit=2)
    assert all(one.document.id != hit.document.id for one in near.passages)
    document = client.document(hit.document.id)
    assert document.event.speakers == ("Anna de Wit",)
    assert client.status().documents == client.documents().total
    assert client.status().created.tzinfo is not None
    assert (client.live().status, client.ready().status) == ("live", "ready")
    assert client.openapi()["openapi"].startswith("3.")
    assert client.url(hit.links.self_) == f"{service.url}/v1/passages/{hit.passage_id}"


def test_meetings_themes_and_timelines_are_read(client: Any) -> None:
    meetings = list(client.iter_events(limit=1))
    assert meetings == list(client.events(limit=100).events)
    assert len(meetings) == client.events(limit=1).total > 0
    event = client.event(meetings[0].id)
    assert (event.name, event.date) == (meetings[0].name, meetings[0].date)
    named = (
        *event.documents.verslag,
        *event.documents.presentatie,
        *event.documents.paper,
        *event.documents.overig,
    )
    assert {one.id for one in named} == {one.id for one in client.iter_documents(event=event.id)}
    decisions = client.passages(kind="besluit", event=event.id)
    assert bool(decisions.total) == bool(event.statements.besluit)
    themes = client.themes()
    assert all(theme.defined for theme in themes[:5])
    told = client.timeline(themes[0].name)
    assert told.theme == themes[0]
    counted = sum(year.passages for year in (*told.years, told.undated))
    assert counted == themes[0].passages == client.passages(theme=themes[0].name).total
    assert isinstance(client.theme_suggestions().complete, bool)


def test_a_question_is_answered_in_sentences_or_not_at_all(client: Any) -> None:
    found = client.answer("verlichting als dienst", kind="verslag", limit=2)
    assert found.query == "verlichting als dienst"
    assert found.answered == bool(found.sentences) == (found.reason == "answered")
    assert len(found.passages) <= 2
    with pytest.raises(InvalidRequest) as refused:
        client.answer(" ")
    assert [fault.location for fault in refused.value.faults] == ["/q"]


def test_several_searches_are_answered_together_and_in_their_order(client: Any) -> None:
    asked = ["verlichting", {"query": "report", "language": "en", "limit": 1}]
    first, second = client.search_many(asked, limit=2)
    assert (first.query, first.limit) == ("verlichting", 2)
    assert (second.query, second.limit) == ("report", 1)
    assert {hit.document.language for hit in second.hits} == {"en"}
    assert first.hits == client.search("verlichting", limit=2).hits
    with pytest.raises(InvalidRequest) as refused:
        client.search_many(["goed", " "])
    assert [fault.location for fault in refused.value.faults] == ["/searches/1/q"]
    with pytest.raises(TypeError, match="did you mean 'kind'"):
        client.search_many([{"query": "a", "kinds": "verslag"}])


def test_the_beginning_of_a_query_is_completed(client: Any) -> None:
    found = client.suggestions("avond over verl", limit=3).suggestions
    assert "Avond over verlichting" in [one.text for one in found]


def test_hits_and_documents_are_exported(client: Any) -> None:
    table = client.export("verlichting", format="csv", limit=2).decode("utf-8-sig")
    assert "verlichting" in table
    assert len(table.splitlines()) >= 3
    assert client.export_documents(format="ris", kind="verslag").startswith(b"TY  -")
    with pytest.raises(InvalidRequest):
        client.export("verlichting", format="xls")


def test_facets_count_the_whole_result(client: Any) -> None:
    found = client.search("verlichting", facets=["kind", "year"], limit=1)
    assert sum(value.count for value in found.facets["kind"]) == found.total
    assert {value.value for value in found.facets["year"]} == {"2023", "2024"}


def test_a_file_is_put_where_it_is_asked_and_is_the_one_that_was_indexed(
    client: Any, tmp_path: Path, place: Settings
) -> None:
    (document,) = client.documents(kind="verslag").documents
    content = (place.corpus / document.source).read_bytes()
    assert client.download(document.id, tmp_path) == tmp_path / "verslag.md"
    assert (tmp_path / "verslag.md").read_bytes() == content
    other = client.download(document.id, tmp_path / "anders.md")
    assert other.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anders.md", "verslag.md"]


def details(source: str, content: bytes) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    nothing = dict.fromkeys(("date", "event", "language", "dateText", "place", "host"))
    links = {"self": "/v1/documents/a", "file": "/v1/documents/a/file", "page": "/documenten/a"}
    return nothing | {
        "id": "a", "title": "A", "kind": "paper", "source": source, "speakers": [], "size": len(content),
        "sha256": sha256, "passages": 1, "masked": False, "links": links, "themes": [], "access": "open",
    }  # fmt: skip


def test_a_file_that_is_not_whole_or_not_the_same_is_not_kept(connect: Connect, tmp_path: Path) -> None:
    told = Reply.json(details("a.pdf", b"the whole file"))
    for bad in (Reply(body=b"another file, as long"), Reply(body=b"the", headers={"Content-Length": "14"})):
        with scripted([told, bad]) as script:
            client = connect(script.url, timeout=0.5, retrying=QUICK)
            with pytest.raises((FileDamaged, ServiceUnreachable)):
                client.download("a", tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_damaged_is_asked_for_again(connect: Connect, tmp_path: Path) -> None:
    replies = [
        Reply.json(details("a.pdf", b"the whole file")),
        Reply(body=b"the", headers={"Content-Length": "14"}),
        Reply(body=b"the whole file"),
    ]
    (tmp_path / "a.pdf").write_text("an older one")
    with scripted(replies) as script:
        assert connect(script.url, timeout=0.5, retrying=QUICK).download("a", tmp_path).read_bytes() == (
            b"the whole file"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


@pytest.mark.parametrize(
    ("source", "name"), [("x/../../../etc/cron.d/evil", "evil"), ("a\\..\\b.pdf", "b.pdf"), ("x/.ssh", "ssh")]
)
def test_a_file_stays_in_its_folder_whatever_its_path_says(
    connect: Connect, tmp_path: Path, source: str, name: str
) -> None:
    with scripted([Reply.json(details(source, b"x")), Reply(body=b"x")]) as script:
        assert connect(script.url).download("a", tmp_path) == tmp_path / name


def test_errors_say_what_the_service_said(client: Any, connect: Connect, service: Service) -> None:
    with pytest.raises(InvalidRequest) as refused:
        client.search(" ", limit=0, kind="notulen")
    assert {(fault.location, fault.code) for fault in refused.value.faults} >= {
        ("/q", "empty"),
        ("/limit", "out-of-range"),
    }
    assert "limit is 0" in str(refused.value)
    with pytest.raises(NotFound):
        client.passage("0" * 16)
    with pytest.raises(NotFound):
        client.document("../status")
    with pytest.raises(Unauthorized, match="kb key create"):
        client.builds()
    _, secret = Keys(service.settings.keys_file).create(f"lezer {os.urandom(4).hex()}", [Scope.SEARCH])
    with pytest.raises(Forbidden):
        connect(service.url, key=secret).builds()


def test_a_key_is_sent_and_told_nowhere(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "kb_geheim-geheim"
    monkeypatch.setenv(KEY_VARIABLE, secret)
    refusal = Reply.problem(401, {"X-Request-Id": "abc123"})
    with scripted([refusal]) as script, caplog.at_level(0):
        monkeypatch.setenv(URL_VARIABLE, script.url)
        client = connect()
        with pytest.raises(Unauthorized) as refused:
            client.status()
        assert script.asked[0].headers["authorization"] == f"Bearer {secret}"
        assert refused.value.request_id == "abc123"
        assert secret not in f"{client!r} {refused.value} {refused.value!r} {caplog.text}"
    with pytest.raises(ValueError, match="key"):
        connect(key="kb_a\r\nx: y")


def test_a_query_stands_in_no_address(connect: Connect) -> None:
    with scripted([Reply.problem(400)]) as script:
        with pytest.raises(InvalidRequest):
            connect(script.url).search("wat zei Jansen?")
        assert script.asked[0].path == "/v1/search"
        assert b"Jansen" in script.asked[0].body


def test_a_key_is_not_carried_to_another_address(connect: Connect) -> None:
    with scripted([Reply.json({"status": "live"})]) as other:
        moved = Reply(status=302, headers={"Location": f"{other.url}/v1/health/live"})
        with scripted([moved]) as script, pytest.raises(UnexpectedAnswer, match="moved"):
            connect(script.url, key="kb_geheim").live()
        assert other.asked == []


@pytest.mark.parametrize("body", [b"<html>Inloggen</html>", b"", b'{"status": 5}', b"[]", b"\xff\xfe"])
def test_what_is_not_this_api_is_told_as_such(connect: Connect, body: bytes) -> None:
    with scripted([Reply(body=body)]) as script, pytest.raises(UnexpectedAnswer, match="address of the API"):
        connect(script.url).live()


def test_the_page_of_a_proxy_is_an_error_like_any_other(connect: Connect) -> None:
    page = Reply(status=502, body=b"<html>Bad gateway")
    with scripted([page]) as script, pytest.raises(Unavailable, match="proxy"):
        connect(script.url).ready()


def test_an_older_client_reads_a_newer_service(connect: Connect) -> None:
    newer = {"status": "resting", "since": "2031-01-01", "why": {"deep": [1]}}
    with scripted([Reply.json(newer)]) as script:
        assert connect(script.url).live().status == "resting"


def test_the_address_of_a_service_is_checked(connect: Connect) -> None:
    for wrong in ("kennisbank.example", "ftp://a.example", "http://a.example?x=1", "http://u:p@a.example"):
        with pytest.raises(ValueError, match="service"):
            connect(wrong)
    with scripted([Reply.json({"status": "live"})]) as script:
        for way in (script.url, f"{script.url}/", f"{script.url}/v1", f"{script.url}/v1/"):
            assert connect(way).live().status == "live"
        assert connect(f"{script.url}/kennisbank/").url("/v1/status") == f"{script.url}/kennisbank/v1/status"
        assert {asked.path for asked in script.asked} == {"/v1/health/live"}


def test_both_clients_take_and_tell_the_same() -> None:
    def face(kind: type) -> dict[str, Any]:
        found = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
        return {
            name: (str(inspect.signature(value)).rpartition("->")[0], value.__doc__)
            for name, value in found.items()
        }

    blocking, asynchronous = face(Client), face(AsyncClient)
    assert blocking.pop("close") == asynchronous.pop("aclose")
    assert blocking == asynchronous
    assert inspect.signature(Client) == inspect.signature(AsyncClient)


def test_the_client_loads_nothing_heavy(root: Path) -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import kb.client\n"
        "files = {name: getattr(module, '__file__', None) or '' for name, module in sys.modules.items()}\n"
        "print(*{name.partition('.')[0] for name, file in files.items() if 'site-packages' in file})\n"
        "print(*{name for name in sys.modules if name.startswith('kb.') and '.client' not in name})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    libraries, rooms = done.stdout.split("\n")[:2]
    light = {
        "_distutils_hack", "anyio", "annotated_types", "certifi", "h11", "httpcore2", "httpx2", "idna",
        "pydantic", "pydantic_core", "sniffio", "truststore", "typing_extensions", "typing_inspection",
    }  # fmt: skip
    assert set(libraries.split()) <= light
    assert rooms == ""

"""Promises of logging in on a page: by a key alone, for pages alone, and never for another site."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.sessions import COOKIE, FILE, SECONDS, Sessions
from kb.errors import KeysUnavailable
from kb.index.embedded import EmbeddedIndex
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.closed import SECRETS, Home, make_home
from tests.api.test_pages import Page
from tests.geometry import WordEncoder
from tests.library import publish, record

SITE = "http://127.0.0.1:8000"
HERE = {"origin": SITE}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with make_home(tmp_path_factory.mktemp("login"), create_app) as home:
        yield home


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    """A browser that nobody has logged in with."""
    home.client.cookies.clear()
    yield home.client
    home.client.cookies.clear()


def log_in(client: TestClient, secret: str, back: str = "/") -> tuple[int, str]:
    """The status, and where it leads or what it says."""
    sent = {"sleutel": secret, "terug": back}
    answer = client.post("/inloggen", data=sent, headers=HERE, follow_redirects=False)
    return answer.status_code, answer.headers.get("location") or Page(answer.text).text


def test_with_a_key_a_member_reads_in_the_browser_what_others_do_not_see(
    client: TestClient, home: Home
) -> None:
    def found() -> str:
        return client.get("/", params={"q": SECRETS["compound"]}).text

    title = SECRETS["title"]
    assert title not in found()
    assert log_in(client, home.keys["members"], "/?q=kist") == (303, "/?q=kist")
    assert title in found()
    assert "members" in Page(client.get("/inloggen").text).text
    document = f"/documenten/{home.members_ids['document'][0]}"
    assert client.get(document).status_code == 200
    client.post("/uitloggen", headers=HERE)
    assert title not in found()
    assert client.get(document).status_code == 404


def test_the_cookie_is_for_our_pages_alone_and_names_no_key(client: TestClient, home: Home) -> None:
    sent = {"sleutel": home.keys["members"]}
    answer = client.post("/inloggen", data=sent, headers=HERE, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", f"max-age={SECONDS}"} <= parts
    assert "secure" not in parts
    assert home.keys["members"] not in cookie
    over_tls = client.post(
        "https://kennis.example/inloggen",
        data=sent,
        headers={"sec-fetch-site": "same-origin"},
        follow_redirects=False,
    )
    assert "secure" in over_tls.headers["set-cookie"].lower()


def test_a_session_is_nothing_to_the_api(client: TestClient, home: Home) -> None:
    log_in(client, home.keys["members and admin"])
    assert client.get("/v1/builds").status_code == 401
    found = client.get("/v1/search", params={"q": SECRETS["word"], "mode": "lexical"}).json()
    assert found["total"] == 0
    path = f"/v1/documents/{home.members_ids['document'][0]}"
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("secret", "status", "said"),
    [
        ("", 400, "Vul eerst uw sleutel in."),
        ("kb_verkeerd", 403, "Deze sleutel klopt niet."),
        ("kb_" + "a" * 500, 403, "Deze sleutel klopt niet."),
        ("<script>alert(1)</script>", 403, "Deze sleutel klopt niet."),
        ("\N{RIGHT-TO-LEFT OVERRIDE}é", 403, "Deze sleutel klopt niet."),
    ],
)
def test_a_wrong_key_logs_nobody_in_and_is_not_repeated(
    client: TestClient, secret: str, status: int, said: str
) -> None:
    answer = client.post("/inloggen", data={"sleutel": secret}, headers=HERE)
    assert (answer.status_code, "set-cookie" in answer.headers) == (status, False)
    found = Page(answer.text)
    assert said in found.text
    assert not secret or secret not in answer.text
    (field,) = [one for one in found.all("input") if one.get("name") == "sleutel"]
    assert field["aria-invalid"] == "true"
    assert "sleutelfout" in str(field["aria-describedby"])
    assert "value" not in field


@pytest.mark.parametrize(
    "address", ["//elders.example", "https://elders.example", "/\\elders", "javascript:1"]
)
def test_who_logs_in_is_not_led_elsewhere(client: TestClient, home: Home, address: str) -> None:
    assert log_in(client, home.keys["search"], address) == (303, "/")
    client.cookies.clear()
    found = Page(client.get("/inloggen", params={"terug": address}).text)
    assert "/" in [one["value"] for one in found.all("input") if one.get("name") == "terug"]
    assert {one.get("href") for one in found.all("a")}.isdisjoint({address})


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, False),
        ({"origin": "https://elders.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://127.0.0.1:9000"}, False),
        ({"origin": "http://127.0.0.1:8000.elders.example"}, False),
        ({"origin": SITE, "sec-fetch-site": "cross-site"}, False),
        ({"origin": SITE, "sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": SITE}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://kennis.example", "host": "kennis.example"}, True),
        ({"origin": "http://kennis.example", "host": "kennis.example:80"}, True),
    ],
)
def test_no_other_site_sends_a_form_in_the_readers_name(
    client: TestClient, home: Home, headers: Mapping[str, str], is_taken: bool
) -> None:
    for path, data in (
        ("/inloggen", {"sleutel": home.keys["search"]}),
        ("/uitloggen", {}),
        ("/taal", {"taal": "en"}),
    ):
        answer = client.post(path, data=data, headers=dict(headers), follow_redirects=False)
        assert (answer.status_code == 303) is is_taken, path
        assert ("set-cookie" in answer.headers) is is_taken
        assert is_taken or answer.status_code == 403


def test_wrong_keys_on_the_page_are_counted_as_elsewhere_and_a_right_one_is_let_in(tmp_path: Path) -> None:
    publish(tmp_path, {record("a.md"): ["Het zaaksysteem."]})
    settings = Settings(indexes=tmp_path, rate_wrong_keys=3)
    _, secret = Keys(settings.keys_file).create("secretaris", [Scope.SEARCH])
    with TestClient(create_app(KnowledgeBase(settings)), base_url=SITE) as client:
        statuses = [log_in(client, f"kb_{number}")[0] for number in range(5)]
        assert statuses == [403, 403, 403, 429, 429]
        assert client.get("/v1/status", headers={"authorization": "Bearer kb_x"}).status_code == 429
        assert log_in(client, secret) == (303, "/")


def test_where_reading_asks_a_key_the_page_asks_it_and_leads_back(tmp_path: Path) -> None:
    name = publish(tmp_path, {record("a.md"): ["Het zaaksysteem."]})
    settings = Settings(indexes=tmp_path, reading="key")
    keys = Keys(settings.keys_file)
    _, reads = keys.create("secretaris", [Scope.SEARCH])
    _, administers = keys.create("beheer", [Scope.ADMIN])
    index = EmbeddedIndex.open(tmp_path / name)
    app = create_app(KnowledgeBase.over(index, settings, WordEncoder()))
    with TestClient(app, base_url=SITE) as client:
        refused = client.get("/?q=zaaksysteem")
        assert refused.status_code == 401
        assert "Het zaaksysteem" not in refused.text
        fields = {one.get("name"): one.get("value") for one in Page(refused.text).all("input")}
        assert fields["terug"] == "/?q=zaaksysteem"
        assert log_in(client, administers) == (303, "/beheer")
        assert client.get("/?q=zaaksysteem").status_code == 403
        assert log_in(client, reads, "/?q=zaaksysteem")[0] == 303
        assert "Het zaaksysteem" in Page(client.get("/?q=zaaksysteem").text).text


def test_a_link_on_another_site_is_followed_by_who_has_logged_in(tmp_path: Path) -> None:
    """A browser sends a strict cookie with a page that asks for itself, and not with such a link."""
    publish(tmp_path, {record("a.md"): ["Het zaaksysteem."]})
    client = TestClient(create_app(KnowledgeBase(Settings(indexes=tmp_path, reading="key"))), base_url=SITE)
    asked = {
        site: client.get("/beheer", headers={"sec-fetch-site": site})
        for site in ("cross-site", "same-origin")
    }
    assert {answer.status_code for answer in asked.values()} == {401}
    assert asked["cross-site"].headers["refresh"] == "0"
    assert "refresh" not in asked["same-origin"].headers


class Browser:
    """Keeps what a response gives it, and sends it along."""

    def __init__(self, sessions: Sessions, keys: Keys, name: str) -> None:
        (key,) = [one for one in keys.all() if one.name == name]
        response = Response()
        sessions.begin(response, key, secure=True)
        self.value = response.headers["set-cookie"].split(";")[0].partition("=")[2]

    def headers(self, value: str | None = None) -> Headers:
        return Headers({"cookie": f"taal=nl; {COOKIE}={self.value if value is None else value}; x=y"})


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    keys = Keys(tmp_path / "keys.json")
    keys.create("een", [Scope.SEARCH])
    keys.create("twee", [Scope.ADMIN])
    return keys


def test_a_session_ends_after_twelve_hours(tmp_path: Path, keys: Keys) -> None:
    now = time.time()
    sessions = Sessions(keys, tmp_path, clock=lambda: now)
    sent = Browser(sessions, keys, "een").headers()
    now += SECONDS - 2
    found = sessions.key_of(sent)
    assert found
    assert found.name == "een"
    now += 3
    assert sessions.key_of(sent) is None


def test_a_session_ends_with_its_key_and_its_use_is_kept(tmp_path: Path, keys: Keys) -> None:
    sessions = Sessions(keys, tmp_path)
    sent = Browser(sessions, keys, "een").headers()
    assert sessions.key_of(sent)
    assert {key.name: key.last_used is not None for key in keys.all()} == {"een": True, "twee": False}
    Keys(tmp_path / "keys.json").revoke("een")
    assert sessions.key_of(sent) is None
    keys.create("een", [Scope.SEARCH])
    assert sessions.key_of(sent) is None


def test_nobody_makes_a_session_or_changes_one(tmp_path: Path, keys: Keys) -> None:
    sessions = Sessions(keys, tmp_path)
    browser = Browser(sessions, keys, "een")
    key_id, end, signature = browser.value.split(".")
    other = next(key.id for key in keys.all() if key.name == "twee")
    for value in (
        f"{other}.{end}.{signature}",
        f"{key_id}.{int(end) + 1}.{signature}",
        f"{key_id}.{end}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{key_id}.{end}.{'0' * 64}",
        f"{key_id}.{end}.",
        f"{key_id}.{end}",
        f"{key_id}.{'9' * 5_000}.{signature}",
        f"{key_id}.²{end}.{signature}",
        "",
        "..",
        "\x00",
    ):
        assert sessions.key_of(browser.headers(value)) is None, value
    assert sessions.key_of(browser.headers())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert Sessions(keys, elsewhere).key_of(browser.headers()) is None
    Browser(Sessions(keys, elsewhere), keys, "een")
    assert Sessions(keys, elsewhere).key_of(browser.headers()) is None


def test_the_secret_is_made_once_for_its_owner_alone_and_all_workers_share_it(
    tmp_path: Path, keys: Keys
) -> None:
    workers = [Sessions(keys, tmp_path) for _ in range(3)]
    assert not (tmp_path / FILE).exists()
    sent = [Browser(worker, keys, "een").headers() for worker in workers]
    assert all(worker.key_of(one) for worker in workers for one in sent)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir() if ".tmp" in file.name) == []
    (tmp_path / FILE).unlink()
    assert workers[0].key_of(sent[0]) is None
    again = Browser(workers[1], keys, "een").headers()
    assert workers[2].key_of(again)
    assert workers[0].key_of(sent[0]) is None


def test_a_secret_that_cannot_be_used_lets_nobody_in_and_says_what_to_do(tmp_path: Path, keys: Keys) -> None:
    sessions = Sessions(keys, tmp_path)
    sent = Browser(sessions, keys, "een").headers()
    (tmp_path / FILE).write_bytes(b"")
    assert sessions.key_of(sent) is None
    with pytest.raises(KeysUnavailable, match=re.escape("remove the file")):
        Browser(sessions, keys, "een")
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(KeysUnavailable, match=re.escape("remove the file")):
        sessions.key_of(sent)

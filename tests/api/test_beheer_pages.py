"""Promises of the pages of who administers: what they tell, what they do, and for whom."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.builds import BuildError, Builds
from kb.errors import BuildRefused
from kb.generations import Generations
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.administrator import until
from tests.api.test_pages import Page
from tests.geometry import WordEncoder

SITE = "http://127.0.0.1:8000"
HERE = {"origin": SITE}
PAGES = ["/beheer", "/beheer/aandacht", "/beheer/aandacht/zonder-datum", "/beheer/verslag/live"]
SAME = "De gemeenten delen hun gegevens over de dijken en het water van de polder met elkaar dit jaar."


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A service over a small index, with a key for each scope; nobody has logged in."""

    client: TestClient
    settings: Settings
    keys: Mapping[str, str]

    def page(self, address: str, *, status: int = 200, **headers: str) -> Page:
        """What the administrator sees there."""
        answer = self.client.get(address, headers={**self.key("admin"), **headers})
        assert answer.status_code == status, answer.text
        return Page(answer.text)

    def post(self, address: str, *, by: str = "admin", **options: Any) -> Any:
        """What comes of a form that the administrator sends."""
        headers = {**HERE, **self.key(by), **options.pop("headers", {})}
        return self.client.post(address, headers=headers, follow_redirects=False, **options)

    def key(self, name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[name]}"} if name else {}


def client_of(settings: Settings) -> TestClient:
    """A client of a service that is not begun, so that it loads no model: these pages need none."""
    return TestClient(create_app(KnowledgeBase(settings)), base_url=SITE)


def administered(settings: Settings) -> Desk:
    """A service of its own for one test."""
    secret = Keys(settings.keys_file).create("admin", [Scope.ADMIN])[1]
    return Desk(client=client_of(settings), settings=settings, keys={"admin": secret})


def write_corpus(corpus: Path, files: Path) -> None:
    (corpus / "avond").mkdir(parents=True)
    (corpus / "avond" / "_event.yaml").write_text("name: Avond over data\ndate: 2023-04-13\n")
    (corpus / "avond" / "verslag.md").write_text(f"# Verslag van de avond\n\n{SAME}\n")
    (corpus / "avond" / "verslag-nogmaals.md").write_text(f"# Verslag van de avond\n\n{SAME}\n")
    for number in range(120):
        words = " ".join(f"{word}{number}" for word in ("memo", "besluit", "dijk", "stroom", "veld"))
        (corpus / f"memo-{number:03}.md").write_text(f"# Memo {number}\n\nOver {words}.\n")
    (corpus / "kapot.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    (corpus / "tabel.tsv").write_text("a\tb\n")
    shutil.copy(files / "pdf" / "gemengd.pdf", corpus / "gescand.pdf")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Desk:
    folder = tmp_path_factory.mktemp("beheer")
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", ocr="off", file_megabytes=1)
    write_corpus(settings.corpus, files)
    build_index(settings, WordEncoder)
    keys = {scope.value: Keys(settings.keys_file).create(scope.value, [scope])[1] for scope in Scope}
    return Desk(client=client_of(settings), settings=settings, keys=keys)


def state_of(desk: Desk) -> tuple[object, ...]:
    """All that the pages could change."""
    files = sorted(str(file) for file in desk.settings.corpus.rglob("*"))
    return files, Builds(desk.settings.indexes).all(), Generations(desk.settings.indexes).current()


@pytest.mark.parametrize("by", ["", "search", "members"])
def test_only_an_administrator_sees_or_does_anything(desk: Desk, by: str) -> None:
    before = state_of(desk)
    name = Generations(desk.settings.indexes).current().name
    for address in (*PAGES, f"/beheer/verslag/{name}", "/beheer/bouwen/x", "/beheer/bouwen"):
        answer = desk.client.get(address, headers=desk.key(by))
        assert answer.status_code == (403 if by else 401), address
        assert "memo" not in answer.text.lower()
        assert ('name="sleutel"' in answer.text) is not bool(by)
    for address, options in (
        ("/beheer/bestanden", {"files": {"file": ("nieuw.md", b"# Nieuw")}}),
        ("/beheer/bouwen", {}),
        ("/beheer/indexen", {"data": {"naam": name}}),
    ):
        assert desk.post(address, by=by, **options).status_code == (403 if by else 401), address
    assert state_of(desk) == before


def test_nothing_is_done_for_another_site(desk: Desk) -> None:
    before = state_of(desk)
    for address, options in (
        ("/beheer/bestanden", {"files": {"file": ("nieuw.md", b"# Nieuw")}}),
        ("/beheer/bouwen", {}),
        ("/beheer/indexen", {"data": {"naam": before[2]}}),
    ):
        for headers in ({"origin": "https://elders.example"}, {"sec-fetch-site": "cross-site"}):
            assert desk.post(address, headers=headers, **options).status_code == 403
    assert state_of(desk) == before


def test_the_page_tells_what_the_index_holds_and_what_needs_attention(desk: Desk) -> None:
    found = desk.page("/beheer")
    for text in ("123 documenten", "Bijeenkomsten", "2023", "Nederlands (", "Bouw de index opnieuw"):
        assert text in found.text
    told = {
        one["href"].rpartition("/")[2]: one
        for one in found.all("a")
        if str(one.get("href")).startswith("/beheer/aandacht/")
    }
    assert set(told) == {"niet-opgenomen", "zonder-tekst", "zonder-datum", "vrijwel-gelijk"}
    for text in (
        "2 Niet opgenomen",
        "1 Zonder leesbare tekst",
        "121 Zonder zekere",
        "1 Vrijwel gelijk",
    ):
        assert text in found.text
    (folder,) = [one["value"] for one in found.all("option")]
    assert folder == "avond"


def test_each_document_that_needs_attention_is_named_with_why(desk: Desk) -> None:
    found = desk.page("/beheer/aandacht")
    for text in (
        "kapot.pdf het bestand is beschadigd of leeg; vraag het opnieuw op of sla het opnieuw op",
        "tabel.tsv dit soort bestand wordt niet gelezen",
        "1 pagina zonder leesbare tekst (2)",
        "Zet de datum in de bestandsnaam",
        "Geen.",
    ):
        assert text in found.text, text
    links = [str(one.get("href")) for one in found.all("a")]
    documents = [link for link in links if link.startswith("/documenten/") and len(link) > 13]
    assert len(documents) == 1 + 5 + 2
    assert desk.client.get(documents[0]).status_code == 200
    assert re.search(r"avond/verslag\S*\.md lijkt op Verslag van de avond avond/verslag", found.text)


def test_a_long_list_has_pages(desk: Desk) -> None:
    first = desk.page("/beheer/aandacht/zonder-datum")
    second = desk.page("/beheer/aandacht/zonder-datum?p=2")
    named = [
        [link for one in found.all("a") if (link := str(one["href"])).startswith("/documenten/")]
        for found in (first, second)
    ]
    named = [[link for link in links if len(link) > len("/documenten/")] for links in named]
    assert [len(links) for links in named] == [100, 21]
    assert not set(named[0]) & set(named[1])
    assert {"rel": "next", "href": "?p=2", "class": "nl-link"} in first.all("a")
    for address in ("zonder-datum?p=3", "zonder-datum?p=0", "niets"):
        status = desk.client.get(f"/beheer/aandacht/{address}", headers=desk.key("admin")).status_code
        assert status in {400, 404}, address


def test_an_older_index_is_taken_into_use_and_the_reports_tell_what_changed(
    tmp_path: Path, desk: Desk
) -> None:
    settings = desk.settings.model_copy(
        update={"corpus": tmp_path / "corpus", "indexes": tmp_path / "indexes"}
    )
    settings.corpus.mkdir()
    for name in ("een", "twee", "drie"):
        (settings.corpus / f"{name}.md").write_text(f"# {name}\n\nHet stuk {name} gaat over de {name}.\n")
    older = build_index(settings, WordEncoder).generation
    (settings.corpus / "een.md").unlink()
    (settings.corpus / "vier.md").write_text("# vier\n\nHet vierde stuk gaat over iets anders.\n")
    newer = build_index(settings, WordEncoder, allow_removals=True).generation
    other = administered(settings)
    told = other.page("/beheer/verslag/live").text
    assert "Toegevoegd (1) vier.md" in told
    assert "Verwijderd (1) een.md" in told
    assert "deze index is in gebruik" in told
    assert "deze index is in gebruik" not in other.page(f"/beheer/verslag/{older}").text
    assert offered(other) == [older]
    answer = other.post("/beheer/indexen", data={"naam": older})
    assert (answer.status_code, answer.headers["location"]) == (303, "/beheer")
    assert Generations(settings.indexes).current().name == older
    assert offered(other) == [newer]
    for name in ("20200101T000000000Z", "../x", ""):
        answer = other.post("/beheer/indexen", data={"naam": name})
        assert answer.status_code == 409
        assert "Deze index is er niet meer." in Page(answer.text).text
    with (settings.indexes / newer / "passages.sqlite").open("ab") as file:
        file.write(b"x")
    answer = other.post("/beheer/indexen", data={"naam": newer})
    assert "Deze index is beschadigd" in Page(answer.text).text
    assert Generations(settings.indexes).current().name == older
    other.page("/beheer/verslag/20200101T000000000Z", status=404)


def offered(desk: Desk) -> list[str | None]:
    """The generations that can be taken into use."""
    return [one["value"] for one in desk.page("/beheer").all("input") if one.get("name") == "naam"]


def test_a_file_is_added_with_a_plain_form(desk: Desk) -> None:
    form = {"files": {"file": ("verslag é.md", b"# Verslag\n\nNieuw.\n")}, "data": {"folder": "nieuw/hier"}}
    answer = desk.post("/beheer/bestanden", **form)
    assert answer.status_code == 201
    found = Page(answer.text)
    assert "nieuw/hier/verslag é.md" in found.text
    assert "Bouw de index opnieuw" in found.text
    file = desk.settings.corpus / "nieuw" / "hier" / "verslag é.md"
    assert file.read_bytes() == b"# Verslag\n\nNieuw.\n"
    again = desk.post("/beheer/bestanden", **form)
    assert again.status_code == 409
    assert "Er staat al een bestand met deze naam." in Page(again.text).text
    shutil.rmtree(desk.settings.corpus / "nieuw")


@pytest.mark.parametrize(
    ("name", "content", "folder", "status", "said"),
    [
        ("kwaad.exe", b"MZ", "", 415, "Dit soort bestand wordt niet gelezen."),
        ("a.pdf", b"tekst", "", 400, "Het bestand is beschadigd of leeg."),
        ("a.md", b"%PDF-1.4", "", 400, "De extensie past niet bij wat er in het bestand staat."),
        ("_event.yaml", b"x", "", 400, "Kies een bestand met een gewone naam"),
        ("a.md", b"x", "../buiten", 400, "De map moet binnen de verzameling liggen"),
        ("a.md", b"x" * 1_000_001, "", 413, "hoogstens 1 MB"),
    ],
)
def test_a_file_that_is_not_added_is_told_with_what_to_do(
    desk: Desk, name: str, content: bytes, folder: str, status: int, said: str
) -> None:
    form = {"files": {"file": (name, content)}, "data": {"folder": folder}}
    before = state_of(desk)
    page = desk.post("/beheer/bestanden", **form)
    script = desk.post("/beheer/bestanden", headers={"accept": "application/json"}, **form)
    assert (page.status_code, script.status_code) == (status, status)
    for fault in (Page(page.text).text, script.json()["fault"]):
        assert said in fault.replace("\N{NO-BREAK SPACE}", " ")
    assert script.json()["path"] is None
    assert state_of(desk) == before


def test_the_script_of_the_page_hears_where_a_file_was_put(desk: Desk) -> None:
    answer = desk.post(
        "/beheer/bestanden", headers={"accept": "application/json"}, files={"file": ("los.md", b"# Los")}
    )
    assert (answer.status_code, answer.json()) == (201, {"path": "los.md", "fault": ""})
    (desk.settings.corpus / "los.md").unlink()


def test_a_form_without_a_file_says_to_choose_one(desk: Desk) -> None:
    answer = desk.post("/beheer/bestanden", files={"folder": (None, "avond")})
    assert answer.status_code == 400
    assert "Kies eerst een bestand." in Page(answer.text).text


def test_a_build_under_way_is_followed_with_and_without_a_script(desk: Desk) -> None:
    with Builds(desk.settings.indexes).recording() as recording:
        recording.advance("reading", 12, 123, 34, 30)
        address = f"/beheer/bouwen/{recording.record.id}"
        found = desk.page(address)
        assert "12 van de 123 bestanden gelezen" in found.text
        assert {"id": "voortgang", "max": "123", "value": "12"} in found.all("progress")
        assert {"http-equiv": "refresh", "content": "5"} in found.all("meta")
        assert any("progress.js" in str(one.get("src")) for one in found.all("script"))
        quiet = desk.page(f"{address}?stil=1")
        assert not [one for one in quiet.all("meta") if "http-equiv" in one]
        assert not [one for one in quiet.all("script") if "progress" in str(one.get("src"))]
        overview = desk.page("/beheer")
        assert "Documenten worden gelezen" in overview.text
        assert "Bouw de index opnieuw" not in overview.text
        # Somebody else has begun: one sees how that goes.
        answer = desk.post("/beheer/bouwen")
        assert (answer.status_code, answer.headers["location"]) == (303, address)
        recording.unchanged()
    ended = desk.page(address)
    assert "Klaar: er was niets te doen" in ended.text
    assert not [one for one in ended.all("meta") if "http-equiv" in one]
    desk.page("/beheer/bouwen/20261124T185454123456Z-0123456789ab", status=404)


def test_a_build_that_would_remove_much_asks_first(desk: Desk, tmp_path: Path) -> None:
    corpus = tmp_path / "minder"
    corpus.mkdir()
    (corpus / "ander.md").write_text("# Ander\n\nIets anders.\n")
    settings = desk.settings.model_copy(update={"corpus": corpus})
    with Builds(settings.indexes).recording() as recording:
        address = f"/beheer/bouwen/{recording.record.id}"
        with pytest.raises(BuildRefused) as refused:
            build_index(settings, WordEncoder)
        recording.refused(refused.value, refused.value.report)
    found = desk.page(address)
    assert "Er zouden veel documenten verdwijnen." in found.text
    assert "Verwijderd (123)" in found.text
    assert "avond/verslag.md" in found.text
    assert "En nog 23." in found.text
    (box,) = [one for one in found.all("input") if one.get("type") == "checkbox"]
    assert (box["name"], "required" in box) == ("verwijderen", True)


def test_what_went_wrong_is_told_without_folders_of_the_server(desk: Desk) -> None:
    with Builds(desk.settings.indexes).recording() as recording:
        recording.failed(BuildError(code="index-not-written", message="/srv/geheim is full"))
    found = desk.page(f"/beheer/bouwen/{recording.record.id}")
    assert "Maak ruimte op de schijf van de server." in found.text
    assert "geheim" not in found.text
    assert "Mislukt" in desk.page("/beheer").text


def test_without_an_index_files_are_added_and_the_first_is_built(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    settings.corpus.mkdir()
    desk = administered(settings)
    found = desk.page("/beheer")
    assert "Er is nog geen index" in found.text
    assert {"/beheer/bestanden", "/beheer/bouwen"} <= {one["action"] for one in found.all("form")}
    assert desk.post("/beheer/bestanden", files={"file": ("a.md", b"# A")}).status_code == 201
    desk.page("/beheer/aandacht", status=503)


def test_names_of_files_are_text_whatever_is_in_them(desk: Desk, tmp_path: Path) -> None:
    settings = desk.settings.model_copy(
        update={"corpus": tmp_path / "corpus", "indexes": tmp_path / "indexes"}
    )
    settings.corpus.mkdir()
    hostile = "<img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}fdp.md"
    (settings.corpus / hostile).write_text("# <script>alert(2)</script> javascript:alert(3)\n\nTekst.\n")
    (settings.corpus / "x.md").write_text("# X\n\nNog een tekst, voor de vergelijking.\n")
    build_index(settings, WordEncoder)
    (settings.corpus / hostile).rename(settings.corpus / f"{hostile}.kwaad")
    build_index(settings, WordEncoder, allow_removals=True)
    other = administered(settings)
    for address in (*PAGES, "/beheer/aandacht/niet-opgenomen"):
        text = other.client.get(address, headers=other.key("admin")).text
        found = Page(text)
        assert found.all("img") == []
        assert all(one.get("type") == "module" for one in found.all("script"))
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert "<img src=x" in other.page("/beheer/verslag/live").text


def test_the_pages_are_in_english_for_who_reads_that(desk: Desk) -> None:
    english = {"accept-language": "en"}
    assert "Documents that need attention" in desk.page("/beheer", **english).text
    told = desk.page("/beheer/aandacht", **english).text
    for text in ("this kind of file is not read", "1 page without text that can be read (2)", "is like"):
        assert text in told


def test_a_build_that_is_started_on_the_page_is_published(service: str, secrets: Mapping[str, str]) -> None:
    with httpx2.Client(base_url=service, headers={"origin": service}, timeout=60) as browser:
        answer = browser.post("/inloggen", data={"sleutel": secrets["admin"], "terug": "/beheer"})
        assert answer.headers["location"] == "/beheer"
        name = "pagina-bouw.md"
        form = {"file": (name, b"# Pontveer\n\nHet pontveer vaart weer.\n")}
        assert browser.post("/beheer/bestanden", files=form).status_code == 201
        started = browser.post("/beheer/bouwen")
        assert started.status_code == 303
        address = started.headers["location"]
        until(lambda: "data-running" not in browser.get(address).text)
        assert "Klaar: de nieuwe index is in gebruik" in Page(browser.get(address).text).text
        assert f"Toegevoegd (1) {name}" in Page(browser.get(address).text).text

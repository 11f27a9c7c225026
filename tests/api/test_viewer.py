"""Promises of the viewer: a document opens at the passage, with it marked, whatever can be shown of it."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from api.app import create_app
from kb.errors import ViewsBusy
from kb.files import sha256_of
from kb.generations import Generations
from kb.index import DocumentRecord
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.rendering import Drawable, Draws
from kb.rendering.converting import converter
from kb.rendering.views import Views
from kb.settings import Settings
from tests.api.test_pages import Page, page
from tests.geometry import WordEncoder
from tests.hostile_pdf import endless_page

Document = Callable[[str], dict[str, Any]]
DUTCH = {"accept-language": "nl"}
with_libreoffice = pytest.mark.skipif(
    converter() is None and "CI" not in os.environ, reason="LibreOffice is not installed"
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Settings:
    """An index of a PDF, a scan for members, slides with notes, and a text that has no pages."""
    folder = tmp_path_factory.mktemp("shelf")
    corpus = folder / "corpus"
    (corpus / "leden").mkdir(parents=True)
    shutil.copy(files / "pdf" / "verslag.pdf", corpus)
    shutil.copy(files / "pdf" / "presentatie.pdf", corpus / "leden")
    (corpus / "leden" / "_event.yaml").write_text("access: members\n")
    shutil.copy(files / "office" / "griffiersdag.pptx", corpus)
    shutil.copy(files / "office" / "notulen.docx", corpus)
    settings = Settings(corpus=corpus, indexes=folder / "indexes", rate_address=0)
    build_index(settings, WordEncoder)
    return settings


def opened(settings: Settings) -> TestClient:
    index = Generations(settings.indexes).open_live()
    knowledge_base = KnowledgeBase.over(index, settings, WordEncoder())
    return TestClient(create_app(knowledge_base), client=("127.0.0.1", 50_000), headers=DUTCH)


@pytest.fixture(scope="module")
def reader(shelf: Settings) -> Iterator[TestClient]:
    with opened(shelf) as client:
        yield client


def record(settings: Settings, name: str) -> DocumentRecord:
    index = Generations(settings.indexes).open_live()
    (found,) = [one for one in index.documents() if one.source.endswith(name)]
    return found


def passages(client: TestClient, document_id: str, **headers: str) -> list[dict[str, Any]]:
    """All passages of a document, in order."""
    text = client.get(f"/documenten/{document_id}/tekst", headers=headers).text
    ids = re.findall(r'id="passage-(\w+)"', text)
    return [client.get(f"/v1/passages/{one}", headers=headers).json() for one in ids]


def here(text: str) -> str:
    """The words that are marked as the passage in the text beside the picture."""
    spans = re.findall(r'<span class="(?:own|shared) here">(.*?)</span>', text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", " ".join(spans)).split())


def test_a_pdf_opens_at_the_page_of_the_passage_with_it_marked_on_it(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "verslag.pdf")
    found = passages(reader, document.id)
    assert {one["locator"]["page"] for one in found} == {1, 2, 3, 4}
    for passage in found:
        number = passage["locator"]["page"]
        text = reader.get(f"/documenten/{document.id}", params={"passage": passage["passageId"]}).text
        shown = Page(text)
        assert f"Bladzijde {number} van 4" in shown.texts["h2"][0]
        assert here(text).split()[-5:] == passage["text"].split()[-5:]
        (picture,) = [one for one in shown.all("img") if "bladen" in str(one["src"])]
        assert f"/bladen/{number}.png" in str(picture["src"])
        assert str(picture["srcset"]).endswith("2x")
        assert "De passage is op het beeld gemarkeerd." in shown.text
        (view, *_) = [one["viewbox"] for one in shown.all("svg") if one.get("class") == "ground"]
        *_, width, height = map(int, str(view).split())
        boxes = [{side: int(str(box[side])) for side in box} for box in shown.all("rect")]
        assert boxes
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        assert all(box["y"] >= 0 and box["y"] + box["height"] <= height for box in boxes)


def test_pictures_are_sharp_kept_by_the_browser_and_only_of_pages_that_there_are(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "verslag.pdf")
    address = f"/documenten/{document.id}/bladen/2.png"
    answer = reader.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=3600"
    once, twice = (
        Image.open(io.BytesIO(reader.get(address, params={"schaal": scale}).content)) for scale in (1, 2)
    )
    assert twice.width == pytest.approx(2 * once.width, abs=2)
    again = reader.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    small = reader.get(f"/documenten/{document.id}/miniaturen/2.png")
    assert Image.open(io.BytesIO(small.content)).width < once.width / 2
    for missing in ("bladen/5.png", "miniaturen/99.png"):
        assert reader.get(f"/documenten/{document.id}/{missing}").status_code == 404
    for wrong in ("bladen/0.png", "bladen/x.png", "bladen/2.png?schaal=3"):
        assert reader.get(f"/documenten/{document.id}/{wrong}").status_code == 400
    text = record(shelf, "notulen.docx")
    assert reader.get(f"/documenten/{text.id}/bladen/1.png").status_code == 404
    page(reader, f"/documenten/{document.id}", p=5, status=404)


def test_pages_lead_to_each_other_and_keep_the_question(reader: TestClient, shelf: Settings) -> None:
    document = record(shelf, "verslag.pdf")
    shown = page(reader, f"/documenten/{document.id}", p=2, q="informatiebeveiliging")
    leads = {str(one.get("rel")): str(one["href"]) for one in shown.all("a") if one.get("rel")}
    by_page = [str(one["href"]) for one in shown.all("a") if "?p=" in str(one["href"])]
    assert f"/documenten/{document.id}?p=1&q=informatiebeveiliging" in by_page
    assert f"/documenten/{document.id}?p=3&q=informatiebeveiliging" in by_page
    assert leads
    small = [str(one["src"]) for one in shown.all("img") if "miniaturen" in str(one["src"])]
    assert [re.search(r"/(\d+)\.png", one)[1] for one in small] == ["1", "2", "3", "4"]  # type: ignore[index]
    assert [one["href"] for one in shown.all("a") if one.get("aria-current") == "page"] == [
        f"/documenten/{document.id}?p=2&q=informatiebeveiliging"
    ]


def test_hits_in_a_document_follow_one_another_in_the_order_of_its_text(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "verslag.pdf")
    found = [one["passageId"] for one in passages(reader, document.id)]
    query = "voorzitter college"
    address, walked = f"/documenten/{document.id}?q={query}&passage={found[0]}", []
    for _ in range(20):
        shown = page(reader, address)
        walked.append(re.search(r"passage=(\w+)", address)[1])  # type: ignore[index]
        following = [
            str(one["href"])
            for one in shown.all("a")
            if one.get("rel") == "next" and "passage=" in str(one["href"])
        ]
        if not following:
            break
        address = following[0].partition("#")[0]
    assert len(walked) > 2
    assert [found.index(one) for one in walked] == sorted(found.index(one) for one in walked)
    assert "Treffer" in shown.text
    assert [
        str(one["href"])
        for one in shown.all("a")
        if one.get("rel") == "prev" and "passage=" in str(one["href"])
    ]
    words = {word.lower() for word in shown.texts["mark"]}
    assert words


def test_a_page_that_is_turned_to_shows_its_first_hit_and_the_way_to_others(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "verslag.pdf")
    shown = page(reader, f"/documenten/{document.id}", p=4, q="rondvraag")
    assert "Treffer" in shown.text
    assert shown.all("rect")
    # Page 3 has none; the one on page 4 comes after it.
    shown = page(reader, f"/documenten/{document.id}", p=3, q="rondvraag voorzitter")
    assert not shown.all("rect")
    leads = {one.get("rel"): str(one["href"]) for one in shown.all("a") if "passage=" in str(one["href"])}
    number = {one["passageId"]: one["locator"]["page"] for one in passages(reader, document.id)}
    there = {rel: number[re.search(r"passage=(\w+)", address)[1]] for rel, address in leads.items() if rel}  # type: ignore[index]
    assert there["next"] == 4
    assert there["prev"] < 3


def test_a_question_that_cannot_be_asked_does_not_keep_the_document_closed(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "verslag.pdf")
    for query in ("", "   ", "x" * 1_001, "\x00"):
        shown = page(reader, f"/documenten/{document.id}", p=1, q=query)
        assert "in dit document voor" not in shown.text


@with_libreoffice
def test_slides_are_shown_as_pictures_with_their_notes_beside_them(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "griffiersdag.pptx")
    (passage, *_) = [one for one in passages(reader, document.id) if one["locator"]["part"] == "notes"]
    number = passage["locator"]["slide"]
    # LibreOffice may take longer than a reader should wait; then the page says so, and the next is there.
    reader.get(f"/documenten/{document.id}/bladen/{number}.png")
    text = reader.get(f"/documenten/{document.id}", params={"passage": passage["passageId"]}).text
    shown = Page(text)
    assert any(title.startswith(f"Dia {number}, notities") for title in shown.texts["h3"])
    assert " ".join(passage["text"].split())[-40:] in here(text)
    (picture,) = [one for one in shown.all("img") if "bladen" in str(one["src"])]
    answer = reader.get(str(picture["src"]))
    assert answer.headers["content-type"] == "image/png"
    # Notes are not on the slide, and so not marked there.
    assert shown.all("rect") == []
    assert "De passage staat in de notities bij deze dia." in shown.text


def test_without_libreoffice_slides_are_shown_as_text_and_it_is_said(
    shelf: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nergens")
    document = record(shelf, "griffiersdag.pptx")
    with opened(shelf) as client:
        shown = page(client, f"/documenten/{document.id}", p=2)
        assert "Op deze server kunnen dia’s niet als beeld worden getoond." in shown.text
        assert "Dia 2 van" in shown.texts["h2"][0]
        assert not shown.all("img")
        page(client, f"/documenten/{document.id}", p=500, status=404)


def test_a_document_without_pages_opens_at_the_passage_in_its_text(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "notulen.docx")
    passage = passages(reader, document.id)[-1]
    text = reader.get(f"/documenten/{document.id}", params={"passage": passage["passageId"]}).text
    assert here(text).split()[-5:] == passage["text"].split()[-5:]
    assert not Page(text).all("img")


def test_the_whole_text_of_a_document_is_one_page(reader: TestClient, shelf: Settings) -> None:
    document = record(shelf, "verslag.pdf")
    text = reader.get(f"/documenten/{document.id}/tekst").text
    assert len(re.findall(r'id="passage-\w+"', text)) == document.passages
    assert f'href="/documenten/{document.id}"' in text


def test_a_passage_that_is_gone_is_said_to_be_gone(reader: TestClient, shelf: Settings) -> None:
    for name in ("verslag.pdf", "notulen.docx"):
        shown = page(reader, f"/documenten/{record(shelf, name).id}", passage="f0" * 8)
        assert "staat niet meer in dit document" in shown.text


def test_a_file_that_changed_is_not_shown_as_if_it_were_the_source(tmp_path: Path, files: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    shutil.copy(files / "pdf" / "verslag.pdf", corpus)
    settings = Settings(corpus=corpus, indexes=tmp_path / "indexes")
    build_index(settings, WordEncoder)
    document = record(settings, "verslag.pdf")
    with opened(settings) as client:
        assert client.get(f"/documenten/{document.id}/bladen/1.png").status_code == 200
        shutil.copy(files / "pdf" / "presentatie.pdf", corpus / "verslag.pdf")
        shown = page(client, f"/documenten/{document.id}", p=1)
        assert "Het bestand is veranderd of verplaatst nadat het is ingelezen." in shown.text
        assert not shown.all("img")
        assert client.get(f"/documenten/{document.id}/bladen/1.png").status_code == 404
        assert client.get(f"/documenten/{document.id}/miniaturen/1.png").status_code == 404


def test_when_too_much_is_being_drawn_the_text_is_there_and_pictures_are_asked_to_wait(
    shelf: Settings, tmp_path: Path
) -> None:
    document = record(shelf, "verslag.pdf")
    (tmp_path / "eindeloos.pdf").write_bytes(endless_page())
    endless = Drawable(
        file=tmp_path / "eindeloos.pdf", sha256=sha256_of(tmp_path / "eindeloos.pdf"), draws=Draws.PDF
    )
    shutil.rmtree(shelf.indexes / ".views", ignore_errors=True)
    with opened(shelf) as client:
        views: Views = client.app.state.views  # type: ignore[attr-defined]
        fill(views, endless)
        answer = client.get(f"/documenten/{document.id}/bladen/3.png?schaal=2")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        shown = page(client, f"/documenten/{document.id}", p=3)
        assert "Het beeld wordt nog gemaakt." in shown.text
        assert "Plan van aanpak" in shown.text
        (link,) = [one for one in shown.all("a") if one.get("data-awaits")]
        assert link["href"] == f"/documenten/{document.id}?p=3"
        assert str(link["data-awaits"]).startswith(f"/documenten/{document.id}/bladen/3.png")


def fill(views: Views, endless: Drawable) -> None:
    """Ask for pictures until no more are taken."""
    try:
        for width in range(100, 200):
            views.picture(endless, 1, width=width)
    except ViewsBusy:
        return
    raise AssertionError("any number of pictures may wait")


def test_pictures_for_members_are_theirs_alone_and_stay_on_no_disk(
    reader: TestClient, shelf: Settings
) -> None:
    document = record(shelf, "presentatie.pdf")
    secret = Keys(shelf.keys_file).create("leden", [Scope.SEARCH, Scope.MEMBERS])[1]
    members = {"authorization": f"Bearer {secret}"}
    for part in ("", "/tekst", "/bladen/1.png", "/miniaturen/1.png"):
        seen = reader.get(f"/documenten/{document.id}{part}", headers=members)
        assert seen.status_code == 200
        assert seen.headers["cache-control"] == "no-store"
        assert reader.get(f"/documenten/{document.id}{part}").status_code == 404


def test_the_viewer_is_whole_in_both_languages_and_has_no_style_or_script_of_its_own(
    reader: TestClient, shelf: Settings
) -> None:
    for name in ("verslag.pdf", "notulen.docx", "griffiersdag.pptx"):
        for language in ("nl", "en"):
            text = reader.get(
                f"/documenten/{record(shelf, name).id}",
                params={"p": "1", "q": "<script>alert(1)</script>"},
                headers={"accept-language": language},
            ).text
            shown = Page(text)
            assert shown.all("html")[0]["lang"] == language
            assert not shown.all("style")
            assert not any("style" in attributes for _, attributes in shown.elements)
            assert all(str(one["src"]).startswith("/static/") for one in shown.all("script"))
            assert all(str(one["src"]).startswith("/documenten/") for one in shown.all("img"))
            headings = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch("h[1-6]", tag)]
            assert headings[0] == 1
            assert all(after <= before + 1 for before, after in pairwise(headings))

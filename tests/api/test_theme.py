"""Promises of the looks: the NL Design System as its packages have it, and a municipality's own style."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.errors import SettingsError
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.test_pages import Page, page


def test_the_design_system_is_at_the_versions_of_its_list_with_its_licences(root: Path) -> None:
    wanted = json.loads((root / "api" / "assets" / "package.json").read_text())["dependencies"]
    vendor = root / "api" / "static" / "vendor"
    heads = [
        head
        for file in vendor.glob("*.css")
        for head in re.findall(r"/\* (@\S+) (\S+), (\S+) \*/", file.read_text())
    ]
    assert {name: version for name, version, _ in heads} == wanted
    assert {licence for _, _, licence in heads} == {"EUPL-1.2"}
    licences = {file.name for file in vendor.glob("LICENSE.*")}
    assert licences == {f"LICENSE.{name.removeprefix('@').replace('/', '.')}.md" for name in wanted}
    assert "://" not in (root / "api" / "assets" / "package-lock.json").read_text()


def test_every_token_that_is_used_is_set(root: Path) -> None:
    static = root / "api" / "static"
    used = {
        name for file in static.glob("*.css") for name in re.findall(r"var\((--[\w-]+)\)", file.read_text())
    }
    assert used
    assert used <= set(re.findall(r"(--[\w-]+):", (static / "theme.css").read_text()))


def client(folder: Path, theme: Path | None) -> TestClient:
    settings = Settings(indexes=folder / "indexes", theme=theme)
    return TestClient(create_app(KnowledgeBase(settings)), client=("127.0.0.1", 50_000))


def test_a_theme_of_a_municipality_is_loaded_last(tmp_path: Path) -> None:
    theme = tmp_path / "huisstijl.css"
    theme.write_text(":root { --kb-brand: #cc0000; }", encoding="utf-8")
    with client(tmp_path, theme) as served:
        found = page(served, "/nergens", status=404)
        address = str([link["href"] for link in found.all("link")][-1])
        answer = served.get(address)
    assert answer.text == theme.read_text()
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


def test_without_a_theme_there_is_no_style_sheet_of_it(tmp_path: Path) -> None:
    with client(tmp_path, None) as served:
        found = Page(served.get("/nergens").text)
        assert not any("huisstijl" in str(link["href"]) for link in found.all("link"))
        assert served.get("/huisstijl.css").status_code == 404


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"/*" + b"x" * 200_000 + b"*/"])
def test_a_theme_that_cannot_be_used_is_told_when_the_service_starts(
    tmp_path: Path, content: bytes | None
) -> None:
    theme = tmp_path / "huisstijl.css"
    if content is not None:
        theme.write_bytes(content)
    with pytest.raises(SettingsError, match="KB_THEME"):
        client(tmp_path, theme)


def test_assets_are_kept_as_long_as_their_digest_holds(tmp_path: Path) -> None:
    with client(tmp_path, None) as served:
        address = str(page(served, "/nergens", status=404).all("link")[1]["href"])
        assert "immutable" in served.get(address).headers["cache-control"]
        assert served.get(address.partition("?")[0]).headers["cache-control"] == "no-cache"

"""Pictures of pages on which a name stands that must not be read: none is made, and none is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.errors import NoView
from kb.files import sha256_of
from kb.privacy.live import LivePrivacy
from kb.rendering import Drawable, Draws
from kb.rendering.veiling import veil_of
from kb.rendering.views import Views
from kb.settings import Settings
from tests.api.test_privacy import paged

DEADLINE = 120.0
NAME = "Odilia Wintergroen"
LIST = f"mask:\n  - name: {NAME}\n    reason: r\n    date: 2026-11-25\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    settings.corpus.mkdir()
    (settings.corpus / "verslag.pdf").write_bytes(paged("De dijk", f"Aldus {NAME}, voorzitter", "De sluis"))
    return settings


@pytest.fixture
def privacy(settings: Settings) -> LivePrivacy:
    return LivePrivacy(settings)


@pytest.fixture
def views(settings: Settings, privacy: LivePrivacy) -> Iterator[Views]:
    views = Views(settings, privacy)
    yield views
    views.close()


def of(settings: Settings, privacy: LivePrivacy, masked: tuple[int, ...] | None = None) -> Drawable:
    file = settings.corpus / "verslag.pdf"
    veil = veil_of(privacy.get(), masked)
    return Drawable(file=file, sha256=sha256_of(file), draws=Draws.PDF, veil=veil)


def refused(views: Views, asked: Drawable, page: int) -> set[str]:
    """Why nothing of a page is given, by whatever is asked of it."""
    codes = set()
    for future in (
        views.sheet(asked, page),
        views.picture(asked, page, width=900),
        views.miniature(asked, page),
    ):
        with pytest.raises(NoView) as error:
            future.result(DEADLINE)
        codes.add(error.value.code)
    return codes


def kept(settings: Settings) -> list[bytes]:
    return [file.read_bytes() for file in (settings.indexes / ".views").glob("*.view")]


@pytest.mark.parametrize("masked", [(2,), None])
def test_a_page_with_the_name_is_not_drawn_and_the_others_are(
    settings: Settings, privacy: LivePrivacy, views: Views, masked: tuple[int, ...] | None
) -> None:
    settings.privacy_file.write_text(LIST)
    # Without `masked` the name was not read: as where it stands in a margin.
    asked = of(settings, privacy, masked)
    assert "withheld" in refused(views, asked, 2)
    for page in (1, 3):
        assert views.sheet(asked, page).result(DEADLINE).words
        assert views.picture(asked, page, width=900).result(DEADLINE)
        assert views.miniature(asked, page).result(DEADLINE)
    assert not [data for data in kept(settings) if b"Wintergroen" in data]


def test_of_a_masked_document_no_scan_is_drawn(
    settings: Settings, privacy: LivePrivacy, views: Views
) -> None:
    (settings.corpus / "verslag.pdf").write_bytes(paged(""))
    settings.privacy_file.write_text(LIST)
    assert "withheld" in refused(views, of(settings, privacy, ()), 1)
    assert views.picture(of(settings, privacy), 1, width=900).result(DEADLINE)


def test_what_was_drawn_before_is_forgotten_at_once(
    settings: Settings, privacy: LivePrivacy, views: Views
) -> None:
    before = of(settings, privacy)
    assert views.sheet(before, 2).result(DEADLINE).words
    assert views.picture(before, 2, width=900).result(DEADLINE)
    assert [data for data in kept(settings) if b"Wintergroen" in data]
    settings.privacy_file.write_text(LIST)
    privacy.get()
    assert kept(settings) == []
    # What was asked under the list from before may be under way still; it is not kept.
    assert views.picture(before, 1, width=900).result(DEADLINE)
    assert kept(settings) == []


def test_what_was_drawn_before_is_forgotten_by_a_service_that_starts(
    settings: Settings, privacy: LivePrivacy, views: Views
) -> None:
    assert views.picture(of(settings, privacy), 2, width=900).result(DEADLINE)
    settings.privacy_file.write_text(LIST)
    other = LivePrivacy(settings)
    started = Views(settings, other)
    try:
        assert kept(settings) == []
        assert started.picture(of(settings, other), 1, width=900).result(DEADLINE)
    finally:
        started.close()
    # The next one has the same list, and keeps what there is.
    Views(settings, LivePrivacy(settings)).close()
    assert len(kept(settings)) == 1

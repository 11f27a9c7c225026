"""What `kb privacy` tells of a list, to whoever keeps it: enough to mend it, and never a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kb.cli import app
from kb.errors import InvalidPrivacyList
from kb.indexing import build_index
from kb.settings import Settings
from tests.geometry import WordEncoder

LIST = """\
mask:
  - name: Odilia Wintergroen
    reason: verzoek van Odilia Wintergroen
    date: 2026-11-25
  - name: Odila Wintergren
    reason: tikfout
    date: 2026-11-25
withhold:
  - path: weg.md
    reason: niet openbaar
    date: 2026-11-25
  - glob: "wegg/**"
    reason: map die er niet is
    date: 2026-11-25
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    settings.corpus.mkdir()
    (settings.corpus / "een.md").write_text("# Een\n\nDe dijk, zei Odilia Wintergroen.\n")
    (settings.corpus / "twee.md").write_text("# Twee\n\nDe sluis, zei O. Wintergroen.\n")
    (settings.corpus / "weg.md").write_text("# Weg\n\nDe kroonjuwelen.\n")
    build_index(settings, WordEncoder)
    return settings


def told(settings: Settings, *options: str) -> Any:
    result = CliRunner().invoke(app, ["privacy", *options], env=settings.environment())
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "ilia" not in result.output
    assert "kroonjuwelen" not in result.output
    return json.loads(result.output) if "--json" in options else result.output


def test_each_entry_is_told_with_what_it_meets_and_what_it_misses(settings: Settings) -> None:
    settings.privacy_file.write_text(LIST)
    text = told(settings)
    assert "maskeren 1 (verzoek van •••••• •••••••••••, 25 november 2026): 1 passage in 1 document\n" in text
    assert "in 1 passage staat deze naam met een voorletter" in text
    assert (
        "maskeren 2 (tikfout, 25 november 2026): 0 passages in 0 documenten; klopt de schrijfwijze?" in text
    )
    assert "achterhouden 1 (niet openbaar, 25 november 2026): 1 document\n" in text
    assert "0 documenten; klopt het pad?" in text
    assert "met een andere lijst gebouwd" in text
    found = told(settings, "--json")
    assert [one["passages"] for one in found["mask"]] == [1, 0]
    assert [one["documents"] for one in found["withhold"]] == [1, 0]
    assert not found["indexBuiltWithIt"]


def test_after_a_build_the_index_is_told_to_be_up_to_date(settings: Settings) -> None:
    settings.privacy_file.write_text(LIST)
    build_index(settings, WordEncoder, allow_removals=True)
    assert "met deze lijst gebouwd; in 1 document is er een naam gemaskeerd" in told(settings)
    assert told(settings, "--json")["documentsMaskedInIndex"] == 1


def test_a_list_can_be_checked_before_it_is_used(settings: Settings, tmp_path: Path) -> None:
    draft = tmp_path / "concept.yaml"
    draft.write_text(LIST)
    assert "maskeren 1" in told(settings, "--file", str(draft))
    assert not (settings.indexes / ".privacy").exists()
    draft.write_text("mask:\n  - name: Odilia\n")
    with pytest.raises(InvalidPrivacyList, match="line 2"):
        told(settings, "--file", str(draft))
    with pytest.raises(InvalidPrivacyList, match="is no file"):
        told(settings, "--file", str(tmp_path / "elders.yaml"))


def test_without_a_list_or_an_index_it_says_so(settings: Settings, tmp_path: Path) -> None:
    assert "dit bestand is er niet" in told(settings)
    empty = settings.model_copy(update={"indexes": tmp_path / "leeg", "mask_contacts": "off"})
    assert "worden getoond (KB_MASK_CONTACTS=off)" in told(empty)

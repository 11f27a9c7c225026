from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.cli.fallback import tell_fallback
from kb.generations import Generations
from kb.index.manifests import read_manifest, write_manifest
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes", ocr="off")
    settings.corpus.mkdir()
    for number in range(2):
        (settings.corpus / f"verslag {number}.md").write_text(f"# Verslag\n\nDe raad kiest zaak {number}.\n")
        build_index(settings, WordEncoder)
    return settings


@pytest.fixture
def kb(tmp_path: Path, root: Path) -> Run:
    """Runs the command in the folder of `settings`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
        return subprocess.run(
            [sys.executable, "-m", "kb", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(root)},
            timeout=300,
            check=False,
        )

    return run


def test_status_lists_the_generations_and_rollback_goes_back_and_forth(settings: Settings, kb: Run) -> None:
    first, second = Generations(settings.indexes).names()
    told = kb("status")
    assert told.returncode == 0, told.stderr
    assert f"{second}, in gebruik, 1 MB" in told.stdout
    assert f"{first}, ouder, 1 MB" in told.stdout
    assert told.stderr == ""

    back = kb("rollback")
    assert back.returncode == 0, back.stderr
    assert f"{first} is weer in gebruik" in back.stdout
    assert json.loads(kb("rollback", second, "--json").stdout) == {"generation": second, "before": first}
    assert "was al in gebruik" in kb("rollback", second).stdout

    unknown = kb("rollback", "gisteren")
    assert unknown.returncode == 1
    assert "UnknownGeneration" in unknown.stderr
    assert first in unknown.stderr

    value = json.loads(kb("status", "--json").stdout)
    assert value["generations"] == [first, second]
    assert [(one["generation"], one["state"]) for one in value["generationDetails"]] == [
        (second, "live"),
        (first, "older"),
    ]
    assert [one["documents"] for one in value["generationDetails"]] == [2, 1]
    assert all(one["bytes"] > 0 for one in value["generationDetails"])
    assert value["fallback"] is None


def test_status_tells_what_it_knows_of_an_index_whose_report_is_of_another_version(
    settings: Settings, kb: Run
) -> None:
    live = Generations(settings.indexes).current()
    (live / "report.json").write_text('{"files": ["verslag"]}')
    write_manifest(live, read_manifest(live))
    told = kb("status")
    assert told.returncode == 0, told.stderr
    assert "2 documenten" in told.stdout
    assert "Verslag van de bouw" not in told.stdout


def test_with_a_damaged_index_an_older_one_is_used_with_a_warning(settings: Settings, kb: Run) -> None:
    first, second = Generations(settings.indexes).names()
    (settings.indexes / second / "vectors.faiss").write_bytes(b"damaged")
    told = kb("status")
    assert told.returncode == 0
    assert told.stdout.startswith(f"Index {first}")
    assert f"{second}, beschadigd" in told.stdout
    assert "Let op: de nieuwste index kan niet worden gebruikt" in told.stderr
    # Once, and not in English besides.
    assert told.stderr.count("checksum differs") == 1
    assert "checksum differs" in json.loads(kb("status", "--json").stdout)["fallback"]

    checked = kb("check", "--quick")
    assert checked.returncode == 1
    assert f"{second} is beschadigd" in checked.stdout
    assert "vectors.faiss" in checked.stdout


def test_prune_says_what_is_removed_and_what_is_still_open(settings: Settings, kb: Run) -> None:
    first, second = Generations(settings.indexes).names()
    Generations(settings.indexes).rollback()
    held = Generations(settings.indexes).open_live()
    Generations(settings.indexes).rollback(second)
    told = kb("prune", "--keep", "1")
    assert told.returncode == 0, told.stderr
    assert f"Nog geopend door een ander proces, daarom bewaard: {first}" in told.stdout
    held.close()
    assert json.loads(kb("prune", "--keep", "1", "--json").stdout) == {"removed": [first], "held": []}
    assert "niets te verwijderen" in kb("prune").stdout
    assert Generations(settings.indexes).names() == [second]
    assert kb("prune", "--keep", "0").returncode == 2


def test_the_exit_status_of_a_check_tells_what_was_found(settings: Settings, kb: Run) -> None:
    sound = kb("check", "--quick", "--all")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert sound.stdout.count("is in orde") == 2
    assert "Controle van" in sound.stderr
    (settings.corpus / "verslag 0.md").unlink()
    gone = kb("check", "--quick", "--json")
    assert gone.returncode == 3
    assert json.loads(gone.stdout)["gone"] == ["verslag 0.md"]
    assert kb("check", "--quick", "--indexes", "none").returncode == 1


def test_a_backup_is_restored_by_command(settings: Settings, kb: Run, tmp_path: Path) -> None:
    made = kb("backup", "kopie.tar")
    assert made.returncode == 0, made.stderr
    assert "gemaakt en teruggelezen: 2 documenten, 2 bronbestanden" in made.stdout
    again = kb("backup", "kopie.tar")
    assert again.returncode == 1
    assert "--force" in again.stderr
    back = kb("restore", "kopie.tar", "--corpus", "elders/corpus", "--indexes", "elders/indexes", "--json")
    assert back.returncode == 0, back.stderr
    assert len(json.loads(back.stdout)["placed"]) == 2
    assert len(list((tmp_path / "elders" / "corpus").iterdir())) == 2
    (settings.corpus / "verslag 0.md").write_text("Anders.")
    stale = kb("backup", "kopie.tar", "--force", "--json")
    assert stale.returncode == 3
    assert json.loads(stale.stdout)["leftOut"] == ["verslag 0.md"]
    (tmp_path / "kopie.tar").write_bytes(b"cut short")
    broken = kb("restore", "kopie.tar")
    assert broken.returncode == 1
    assert "CorruptArchive" in broken.stderr


def test_the_terminal_is_told_once_and_the_log_of_the_process_stays_as_it_was(
    settings: Settings, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _, second = Generations(settings.indexes).names()
    (settings.indexes / second / "vectors.faiss").write_bytes(b"damaged")
    tell_fallback(KnowledgeBase(settings))
    assert "Let op: de nieuwste index kan niet worden gebruikt" in capsys.readouterr().err
    assert caplog.records == []
    assert KnowledgeBase(settings).fallback
    assert [found.levelname for found in caplog.records if found.name == "kb.live_index"] == ["WARNING"]

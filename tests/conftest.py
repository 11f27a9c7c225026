"""What tests share: where their files are."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent

# What takes minutes begins first, so that nothing waits for it at the end.
_LONGEST_FIRST = (
    "tests/browser",
    "tests/test_reliability.py",
    "tests/api/test_fuzzed.py",
    "tests/api/test_workers.py",
)


class _Groups(LoadScopeScheduling):
    """Runs the tests of a group one after the other in one process, with the fixtures that they share."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Groups:
    """How pytest-xdist divides the tests."""
    return _Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest groups first."""
    items.sort(key=lambda item: _turn(_group(item.nodeid)))


def _group(nodeid: str) -> str:
    """The file of a test; for those in the browser, which share a service, their folder."""
    file = nodeid.partition("::")[0]
    return "tests/browser" if file.startswith("tests/browser/") else file


def _turn(group: str) -> int:
    return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def files() -> Path:
    """The small files of our own writing that tests read."""
    return ROOT / "tests" / "files"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real documents beside the repository; tests that need it are skipped without."""
    folder = ROOT.parent / "shared"
    if not (folder / "corpus").is_dir():
        pytest.skip(
            f"no folder of real documents at {folder}: this test runs where it is laid beside the repository"
        )
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB, for ten files and folders."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=10", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)

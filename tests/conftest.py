"""What tests share: where their files are."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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

"""Small versions of `make torture`: the same measurements, fewer times, with fixed seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.asking import Answers, Asker
from tests.torture.builds import builds
from tests.torture.faults import faults
from tests.torture.flips import flips
from tests.torture.full_disk import full_disk
from tests.torture.kills import kills
from tests.torture.place import reference
from tests.torture.readers import readers
from tests.torture.reload import reload
from tests.torture.stateful import stateful
from tests.torture.tally import Tally


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Answers]:
    """What each state of the corpus answers after a build that nothing disturbed."""
    with Asker() as asker:
        return reference(tmp_path_factory.mktemp("reference"), asker)


def held(tally: Tally) -> None:
    """The promise was kept each time that it was tried."""
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert tally.broken == []


def test_a_killed_build_harms_nothing_and_the_next_one_cleans_up(
    tmp_path: Path, expected: list[Answers]
) -> None:
    tally = kills(tmp_path, expected, rounds=3, seed=1)
    held(tally)
    assert tally.counts["kills"]


def test_a_reader_that_dies_or_hangs_is_told_and_never_outlives_its_build(tmp_path: Path) -> None:
    tally = readers(tmp_path, rounds=3, seed=1)
    held(tally)
    assert tally.counts["killed reader"]


def test_a_build_whose_disk_fails_is_told_and_its_retry_succeeds(
    tmp_path: Path, expected: list[Answers]
) -> None:
    tally = faults(tmp_path, expected, most=5)
    held(tally)
    assert tally.counts["faults"]


def test_a_full_disk_leaves_the_index_in_use_and_is_told(tmp_path: Path, expected: list[Answers]) -> None:
    tally = full_disk(tmp_path, expected, sizes=4)
    held(tally)
    assert tally.counts["of these told clearly"]


def test_damage_is_found_when_opened_and_the_older_index_serves(tmp_path: Path) -> None:
    tally = flips(tmp_path, rounds=28, seed=1)
    held(tally)
    assert tally.counts["found when opened"] == 28


def test_of_two_builds_one_is_refused_and_a_dead_ones_lock_is_free(
    tmp_path: Path, expected: list[Answers]
) -> None:
    held(builds(tmp_path, expected, rounds=1))


def test_no_request_fails_or_mixes_generations_while_the_index_is_rebuilt(tmp_path: Path) -> None:
    tally = reload(tmp_path, rebuilds=3, clients=4, rest=0)
    held(tally)
    assert tally.counts["generations seen by clients"] > 1


def test_what_is_found_is_what_was_published_whatever_came_between(tmp_path: Path) -> None:
    tally = stateful(tmp_path, sequences=1, steps=8, seed=1)
    held(tally)
    assert tally.counts["builds"]

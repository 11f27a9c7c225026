"""A few hundred files damaged at random; `python -m tests.torture.fuzzing` does many thousands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.parsing import FORMATS
from tests.conftest import ROOT
from tests.torture.fuzz_seeds import gather
from tests.torture.mutated_readings import Fuzzer


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzer]:
    logging.disable(logging.CRITICAL)  # of pypdf, which tells what it repairs
    seeds = gather(ROOT, ours_alone=True)
    assert {seed.format for seed in seeds} == FORMATS.keys()
    yield Fuzzer(seeds, 0, tmp_path_factory.mktemp("beschadigd"))
    logging.disable(logging.NOTSET)


@given(number=st.integers(0, 10**6))
@settings(max_examples=300, derandomize=True, deadline=None, database=None)
def test_a_damaged_file_is_read_or_refused_and_never_loses_text_in_silence(
    fuzzer: Fuzzer, number: int
) -> None:
    reading = fuzzer.read(number)
    assert not reading.finding, reading


def test_an_input_comes_back_by_its_number(tmp_path: Path) -> None:
    seeds = gather(ROOT, ours_alone=True)
    one, other = Fuzzer(seeds, 7, tmp_path), Fuzzer(seeds, 7, tmp_path)
    assert [one.mutant(number) for number in range(40)] == [other.mutant(number) for number in range(40)]

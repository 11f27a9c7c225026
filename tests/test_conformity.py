"""What docs/adr-conformiteit.md says of the NL API Design Rules is about all of them, and backed by tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def told(root: Path) -> str:
    return (root / "docs" / "adr-conformiteit.md").read_text(encoding="utf-8")


def test_every_rule_that_spectral_checks_is_told_of(told: str, root: Path) -> None:
    rules = (root / "tests" / "conformance" / "nlgov-adr-linter.yaml").read_text(encoding="utf-8")
    checked = set(re.findall(r"#(/core/[\w/-]+)", rules))
    assert len(checked) > 10
    # A rule of several parts is told of under its own name, with the parts behind it.
    assert [rule for rule in checked if rule not in told and not _is_part_of(rule, told)] == []


def _is_part_of(rule: str, told: str) -> bool:
    whole, _, part = rule.rpartition("/")
    return bool(re.search(rf"^\| `{whole}`.*`{part}`", told, re.MULTILINE))


def test_every_test_that_is_named_as_proof_exists(told: str, root: Path) -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", told))
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_a_rule_without_proof_says_why(told: str) -> None:
    for line in told.splitlines():
        if line.startswith("| `/core/") and not re.search(r"`test_\w+`", line):
            assert re.search(r"Afwijking|Niet van toepassing|reverse proxy|er nu één", line), line

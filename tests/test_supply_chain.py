"""Promises of what is installed: it is told as a bill of materials, may be used, and is audited."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

# Licences that ask of whoever offers the service to give away all of its source.
_NETWORK_COPYLEFT = re.compile(
    r"\bA-?GPL|Affero|\bSSPL|Server Side Public|Commons.Clause|\bBUSL|Business Source", re.IGNORECASE
)
_COPYLEFT = re.compile(r"(?<![A-Z])GPL|GNU General Public", re.IGNORECASE)


@pytest.fixture(scope="module")
def written(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("sbom") / "kennisbank.cdx.json"
    subprocess.run([sys.executable, root / "scripts" / "sbom.py", file], check=True, capture_output=True)
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def components(written: str) -> dict[str, dict[str, Any]]:
    return {one["name"].lower().replace("_", "-"): one for one in json.loads(written)["components"]}


def test_the_bill_of_materials_is_valid_cyclonedx(written: str) -> None:
    document = json.loads(written)
    assert document["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    refs = {one["bom-ref"] for one in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
    assert {one["ref"] for one in document["dependencies"]} == refs
    assert all(set(one.get("dependsOn", [])) <= refs for one in document["dependencies"])


def test_it_names_what_runs_with_its_version_and_nothing_else(components: dict[str, dict[str, Any]]) -> None:
    for name in ("torch", "faiss-cpu", "fastapi", "starlette", "prometheus-client", "numpy", "h11"):
        assert components[name]["version"] == version(name)
        assert components[name]["purl"].startswith(f"pkg:pypi/{name}@")
    assert not {"pytest", "mypy", "ruff", "cyclonedx-bom", "pip-audit", "hypothesis"} & set(components)


def test_no_licence_asks_for_the_source_of_a_service(components: dict[str, dict[str, Any]]) -> None:
    for name, component in components.items():
        names = " | ".join(_licences(component))
        assert names, f"{name} tells no licence"
        assert not _NETWORK_COPYLEFT.search(names), (name, names)
        # Who may choose chooses another.
        choices = re.split(r" OR ", names)
        assert not all(_COPYLEFT.search(choice) for choice in choices), (name, names)


def _licences(component: dict[str, Any]) -> list[str]:
    given = component.get("licenses", [])
    return [
        one.get("expression") or one["license"].get("id") or one["license"]["name"].splitlines()[0]
        for one in given
    ]


def _audit(root: Path) -> Any:
    """scripts/audit.py as a module."""
    sys.path.insert(0, str(root / "scripts"))
    try:
        specification = importlib.util.spec_from_file_location("audit", root / "scripts" / "audit.py")
        assert specification
        assert specification.loader
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(str(root / "scripts"))
    return module


KNOWN = {"name": "a", "version": "1", "vulns": []}
UNKNOWN = {"name": "b", "skip_reason": "Dependency not found"}
VULNERABLE = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}


@pytest.mark.parametrize(
    ("found", "trouble", "statuses", "told"),
    [
        ([KNOWN], "", (0, 0), "0 known vulnerabilities in 1 of 1"),
        ([KNOWN, VULNERABLE], "", (1, 1), "c 2 has PYSEC-1; mended in 2.1"),
        ([VULNERABLE, UNKNOWN], "", (1, 1), "does not know them: b"),
        ([KNOWN, UNKNOWN], "", (0, 2), "does not know them: b"),
        ([UNKNOWN], "", (0, 2), "NOTHING WAS AUDITED"),
        (
            [],
            "name resolution failed",
            (0, 2),
            "NOTHING WAS AUDITED, the service could not be reached (name res",
        ),
    ],
)
def test_an_audit_fails_on_vulnerabilities_and_says_what_it_could_not_look_up(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    found: list[dict[str, Any]],
    trouble: str,
    statuses: tuple[int, int],
    told: str,
) -> None:
    audit = _audit(root)
    asked = max(1, len(found))
    given = tuple(audit.tell(found, trouble, asked, strict=strict) for strict in (False, True))
    assert given == statuses
    assert told in capsys.readouterr().out


def test_an_audit_asks_of_each_package_and_tells_the_number(root: Path, tmp_path: Path) -> None:
    """With whatever service can be reached here: it answers, or that is said."""
    pinned = tmp_path / "pinned.txt"
    pinned.write_text("jinja2==3.1.2\nlxml==6.1.1\n")
    done = subprocess.run(
        [sys.executable, root / "scripts" / "audit.py", pinned], capture_output=True, text=True, check=False
    )
    assert re.search(r"audit: \d+ known vulnerabilities in \d of 2 packages", done.stdout), done.stderr
    assert done.returncode == (1 if "; mended in " in done.stdout else 0)

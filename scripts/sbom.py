"""Write what is installed to run this project as a CycloneDX document: a software bill of materials.

    python scripts/sbom.py dist/kennisbank.cdx.json

What only the checks and tests need is left out, and so is what no dependency leads to.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"


def main() -> int:
    """Write the document and say how many components it has."""
    parser = argparse.ArgumentParser(description="Write the bill of materials of what runs.")
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    document = bill_of_materials()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{output}: {len(document['components'])} components")
    return 0


def bill_of_materials() -> dict[str, Any]:
    """The CycloneDX document of this Python's environment, without what does not run."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, "--pyproject", PROJECT]
    options = ["--mc-type", "application", "--output-format", "JSON", "--output-reproducible"]
    made = subprocess.run([*command, *options], capture_output=True, check=True, text=True)
    document: dict[str, Any] = json.loads(made.stdout)
    wanted = _runtime_names()
    root = document["metadata"]["component"]["bom-ref"]
    kept = [one for one in document["components"] if normal(one["name"]) in wanted]
    for component in kept:
        if not component.get("licenses"):
            component["licenses"] = _told_licence(component["name"])
    refs = {root, *(one["bom-ref"] for one in kept)}
    edges = {one["ref"]: refs.intersection(one.get("dependsOn", [])) for one in document["dependencies"]}
    document["components"] = kept
    document["dependencies"] = [
        {"ref": ref, "dependsOn": sorted(edges[ref])} if edges[ref] else {"ref": ref} for ref in sorted(refs)
    ]
    return document


def normal(name: str) -> str:
    """A package's name in its one form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _runtime_names() -> set[str]:
    """The packages that the project needs to run, and those that these need here."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(line) for line in project["dependencies"]]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        # Without an extra, and with each that is asked for.
        for extra in ("", *requirement.extras):
            asked = normal(requirement.name), extra
            if asked in seen or not _is_wanted(requirement, ""):
                continue
            seen.add(asked)
            lines = metadata.requires(requirement.name) or []
            waiting += [one for line in lines if _is_wanted(one := Requirement(line), extra)]
            # What a marker said of the one that asked has been answered.
            for one in waiting:
                one.marker = None
    return {name for name, _ in seen}


def _is_wanted(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _told_licence(name: str) -> list[dict[str, Any]]:
    """What a package says of its licence in words of its own."""
    told = metadata.metadata(name).get("License")
    return [{"license": {"name": told}}] if told else []


if __name__ == "__main__":
    sys.exit(main())

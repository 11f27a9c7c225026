"""Look up known vulnerabilities of what is installed to run this project, with pip-audit.

    python scripts/audit.py [--strict]

Exit status 1 when there are any. Where the service with the vulnerabilities cannot be reached, or does not
know a package, that is said; with --strict that is exit status 2, for a release.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sbom import bill_of_materials

_SECONDS = 300


def main() -> int:
    """Look, tell, and give the exit status."""
    parser = argparse.ArgumentParser(description="Look up known vulnerabilities of what runs.")
    parser.add_argument("--strict", action="store_true", help="fail where it could not be looked up too")
    parser.add_argument(
        "requirements", type=Path, nargs="?", help="look these up instead of what is installed"
    )
    options = parser.parse_args()
    if options.requirements:
        pinned = options.requirements.read_text(encoding="utf-8").split()
    else:
        # PyTorch marks its CPU builds with a local version, which no service knows.
        components = bill_of_materials()["components"]
        pinned = [f"{one['name']}=={one['version'].partition('+')[0]}" for one in components]
    found, trouble = look_up(pinned)
    return tell(found, trouble, len(pinned), strict=options.strict)


def look_up(pinned: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package; and why it says nothing, where it does not."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(pinned) + "\n")
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--requirement", file.name]
        options = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run(
                [*command, *options], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return [], "the service with the vulnerabilities does not answer"
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines()
        return [], lines[-1] if lines else f"pip-audit ended with status {done.returncode}"
    return found, ""


def tell(found: list[dict[str, Any]], trouble: str, asked: int, *, strict: bool) -> int:
    """Print what was found and what could not be looked up; the exit status."""
    vulnerable = [(one, fault) for one in found for fault in one.get("vulns", [])]
    for one, fault in vulnerable:
        fixed = ", ".join(fault["fix_versions"]) or "no version yet"
        print(f"audit: {one['name']} {one['version']} has {fault['id']}; mended in {fixed}")
    audited = [one for one in found if "skip_reason" not in one]
    unknown = [one["name"] for one in found if "skip_reason" in one]
    if trouble or not audited:
        reason = trouble or "the package index here has no vulnerabilities to tell"
        print(f"audit: WARNING: NOTHING WAS AUDITED, the service could not be reached ({reason})")
    elif unknown:
        print(f"audit: WARNING: not audited, for the service does not know them: {', '.join(unknown)}")
    print(f"audit: {len(vulnerable)} known vulnerabilities in {len(audited)} of {asked} packages")
    if vulnerable:
        return 1
    return 2 if strict and len(audited) < asked else 0


if __name__ == "__main__":
    sys.exit(main())

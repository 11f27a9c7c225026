"""Test the retrievers for Haystack and LangChain, in an environment of their own: build/retrievers-env.

Run it by `make retrievers`. Both frameworks bring libraries that the project itself does without, and one of
them tells its makers what it does unless that is switched off, so neither is in .venv.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "build" / "retrievers-env"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "ready"
LOCK = ROOT / "requirements.lock"
# What the client and its tests need, and nothing of what serves.
NEEDS = ("httpx2", "pydantic", "pytest", "pytest-xdist")


def main() -> int:
    """Make the environment unless it is as the lock says, and run the tests in it."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = table["optional-dependencies"]
    asked = [*NEEDS, *extras["haystack"], *extras["langchain"]]
    wanted = hashlib.sha256(" ".join(asked).encode() + LOCK.read_bytes()).hexdigest()
    if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != wanted:
        print("[retrievers] making build/retrievers-env", flush=True)
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        venv.create(ENVIRONMENT)
        install = ("-m", "pip", "--python", PYTHON, "install", "--quiet", "--constraint", LOCK)
        subprocess.run([sys.executable, *install, *asked], check=True)
        STAMP.write_text(wanted, encoding="utf-8")
    command = [PYTHON, "-m", "pytest", "tests/retrievers", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

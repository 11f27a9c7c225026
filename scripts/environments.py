"""Environments beside .venv, for tests of what the project itself does without."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
_OURS = ROOT / ".venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def environment(name: str, asked: Sequence[str], *, over_ours: bool = False) -> Path:
    """The Python of build/<name>, made anew unless it holds what is `asked` at the lock's versions.

    With `over_ours` it also sees what is installed in .venv, and only what is not there is installed.
    """
    folder = ROOT / "build" / name
    python, stamp = folder / "bin" / "python", folder / "ready"
    wanted = hashlib.sha256(" ".join([*asked, str(over_ours)]).encode() + LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    print(f"[{name}] making build/{name}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder)
    if over_ours:
        own = next(folder.glob("lib/python*/site-packages"))
        (own / "ours.pth").write_text(f"{_OURS}\n", encoding="utf-8")
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--constraint", LOCK)
    subprocess.run([sys.executable, *install, *asked], check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def run_tests(name: str, extras: Sequence[str], *, also: Sequence[str] = (), over_ours: bool = False) -> int:
    """Run tests/<name> in build/<name>-env, with these extras of the project and what is needed `also`.

    Gives the status of pytest, which gets the arguments of the command.
    """
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = [package for extra in extras for package in table["optional-dependencies"][extra]]
    python = environment(f"{name}-env", [*also, *own], over_ours=over_ours)
    command = [python, "-m", "pytest", f"tests/{name}", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode

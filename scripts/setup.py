"""Make this project's environment: .venv with exactly the versions of requirements.lock.

Run it through `make`, or by hand: `python3.11 scripts/setup.py [--dev]`. With --lock it writes
requirements.lock anew from pyproject.toml instead. It needs nothing
but Python's standard library, and does nothing when the environment is already what the lock
says. PyTorch comes as its CPU build or not at all, unless ALLOW_CUDA=1: on Linux its plain
PyPI wheel drags in several gigabytes of CUDA libraries that this project does not use.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "setup.json"
LOG = VENV / "setup.log"
OLDEST, TOO_NEW = (3, 11), (3, 15)

ACCELERATOR = re.compile(r"(nvidia|cuda|triton|pytorch-triton)(-|$)")
SIGNS_OF_NO_INDEX = (
    "No matching distribution",
    "ResolutionImpossible",
    "connection broken",
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
    "dns error",
    "error sending request",
)
NO_INDEX = """\
Probably the package index could not be reached. Then one of these helps:
  - behind a proxy: set HTTPS_PROXY, and PIP_CERT if the proxy has its own certificate;
  - a mirror of your organisation: set PIP_INDEX_URL;
  - no network at all: fetch the wheels on a machine of the same kind that has it (pip download
    -r requirements.lock), bring them over, set PIP_NO_INDEX=1 and PIP_FIND_LINKS=<folder>."""
NO_CPU_BUILD = """\
PyTorch {version} could not be fetched as its CPU build, and its plain wheel for Linux drags in
several gigabytes of CUDA libraries. Choose one:
  - set PIP_EXTRA_INDEX_URL to an index with PyTorch's CPU builds (its address stands in
    PyTorch's own installation guide), or PIP_FIND_LINKS to a folder with such a wheel;
  - set ALLOW_CUDA=1 to take the plain wheel after all.
What was tried stands in .venv/setup.log."""

# Runs inside the new environment: what is there, and which torch it is.
INSPECT = """
import json, re, torch
from importlib.metadata import distributions
installed = {re.sub("[_.]", "-", found.metadata["Name"]).lower(): found.version for found in distributions()}
build = {"torch": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip}
print(json.dumps(build | {"versions": installed}))
"""


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def main() -> int:
    """Make the environment if it is not there yet. Exit status 1 and a message when it fails."""
    parser = argparse.ArgumentParser(description="Make .venv with the versions of requirements.lock.")
    parser.add_argument("--dev", action="store_true", help="also install what the checks and tests need")
    parser.add_argument(
        "--lock", action="store_true", help="write requirements.lock anew, and install nothing"
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="with --lock: take the newest allowed versions"
    )
    options = parser.parse_args()
    try:
        if options.lock:
            lock(upgrade=options.upgrade)
        elif not is_ready(dev=options.dev):
            set_up(dev=options.dev)
    except SetupError as error:
        print(f"\nset-up failed: {error}", file=sys.stderr)
        return 1
    return 0


def set_up(*, dev: bool) -> None:
    """Bring .venv to what the lock says. Safe to run again after it was stopped halfway."""
    make_venv()
    STAMP.unlink(missing_ok=True)
    LOG.unlink(missing_ok=True)
    say("installing the pinned packages (details in .venv/setup.log)")
    # The pip that comes with Python is as old as that Python.
    pip_install("pip")
    torch = install_torch()
    pip_install("hatchling", "editables", *(["uv"] if dev else []))
    pip_install("--no-build-isolation", "--editable", f"{ROOT}[dev]" if dev else str(ROOT))
    check_environment()
    STAMP.write_text(json.dumps({"fingerprint": fingerprint(), "dev": dev, "torch": torch}), encoding="utf-8")
    say("the environment is ready")


def lock(*, upgrade: bool) -> None:
    """Write requirements.lock: one exact version of everything, for every system and Python we support.

    Versions that still fit stay as they are, unless `upgrade`. The packages that pyproject.toml
    excludes under [tool.uv] are what PyTorch's CPU build does without.
    """
    make_venv()
    pip_install("uv")
    shape = ("--universal", "--python-version", "3.11", "--all-extras", "--group", "setup")
    form = ("--fork-strategy", "fewest", "--custom-compile-command", "make lock", "--output-file", LOCK.name)
    run("-m", "uv", "pip", "compile", "pyproject.toml", *shape, *form, *(["--upgrade"] if upgrade else []))
    say(f"wrote {LOCK.name}")


def is_ready(*, dev: bool) -> bool:
    """Whether .venv was finished for this lock, this project and this place."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return PYTHON.exists() and stamp["fingerprint"] == fingerprint() and (stamp["dev"] or not dev)


def fingerprint() -> str:
    """Hex digest of everything that decides what the environment holds."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make_venv() -> None:
    """Create .venv, unless a usable one is there. An unusable one of ours is made anew."""
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        raise SetupError(
            f"this is Python {sys.version.split()[0]}; versions 3.11 to 3.14 will do. "
            "Install Python 3.11 and run `make PYTHON=python3.11`."
        )
    if VENV.exists():
        if venv_works():
            return
        if not (VENV / "pyvenv.cfg").exists():
            raise SetupError(f"{VENV} exists but is no virtual environment; move it away and run again.")
        say("removing a .venv that does not work here")
        shutil.rmtree(VENV)
    say(f"creating .venv with Python {sys.version.split()[0]}")
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError as error:
        version = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(
            f"this Python has no '{error.name}' module. "
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        ) from error
    try:
        venv.create(VENV, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(f".venv could not be created: {error}") from error


def venv_works() -> bool:
    """Whether .venv has a Python of the right version with pip."""
    probe = f"import sys, pip; sys.exit(not {OLDEST} <= sys.version_info[:2] < {TOO_NEW})"
    try:
        return subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install_torch() -> str:
    """Install the locked torch, on Linux as its CPU build, and return its version.

    PyTorch marks its builds with a local version ("2.13.0+cpu"), which pip finds where a
    configured index or folder has it. Elsewhere uv fetches it: uv knows PyTorch's own index.
    """
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    requirement = next(line.split()[0] for line in lines if line.startswith("torch=="))
    version = requirement.partition("==")[2]
    if sys.platform != "linux" or os.environ.get("ALLOW_CUDA") == "1":
        pip_install(requirement)
        return version
    try:
        pip_install(f"{requirement}+cpu")
    except SetupError:
        say("pip finds no CPU build of PyTorch; asking uv, which knows where PyTorch keeps it")
        pip_install("uv")
        target = ("--python", str(PYTHON), "--constraints", str(LOCK), "--torch-backend", "cpu")
        try:
            run("-m", "uv", "pip", "install", *target, requirement)
        except SetupError as error:
            raise SetupError(NO_CPU_BUILD.format(version=version)) from error
    return version


def check_environment() -> None:
    """Fail when CUDA came in after all; say which torch it is and what the lock does not hold."""
    found = json.loads(run("-c", INSPECT).splitlines()[-1])
    accelerated = found["cuda"] or found["hip"]
    heavy = sorted(filter(ACCELERATOR.match, found["versions"]))
    if (accelerated or heavy) and os.environ.get("ALLOW_CUDA") != "1":
        raise SetupError(
            f"torch {found['torch']} is no CPU build ({', '.join(heavy) or accelerated}). "
            "Remove .venv and run again, or set ALLOW_CUDA=1 to keep it."
        )
    say(f"PyTorch {found['torch']}: " + ("with CUDA, as ALLOW_CUDA=1 asks" if accelerated else "CPU build"))
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    stray = [
        f"{name} {version}"
        for name, version in sorted(found["versions"].items())
        if name != "kennisbank" and pins.get(name) != version.partition("+")[0]
    ]
    if stray:
        say(f"note: not as in requirements.lock: {', '.join(stray)}")


def pip_install(*arguments: str) -> None:
    """Run pip in .venv, held to the versions of the lock."""
    run("-m", "pip", "install", "--constraint", str(LOCK), *arguments)


def run(*arguments: str) -> str:
    """Run .venv's Python and return its output, which is logged too.

    Lines that show progress are passed on. Raises SetupError with the end of the output.
    """
    environment = os.environ | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
    }
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    lines: list[str] = []
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(arguments)}\n")
        with subprocess.Popen(
            [str(PYTHON), *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                log.write(line)
                lines.append(line.rstrip())
                if re.match(r"\s*(Downloading .* [MG]B\)|Building wheel for )", line):
                    say("  " + line.strip()[:100])
    output = "\n".join(lines)
    if process.returncode:
        tail = "\n".join(f"  | {line}" for line in lines[-12:])
        hint = f"\n{NO_INDEX}" if any(sign in output for sign in SIGNS_OF_NO_INDEX) else ""
        raise SetupError(
            f"`{' '.join(arguments[:3])} …` ended with status {process.returncode}:\n{tail}{hint}"
        )
    return output


def say(message: str) -> None:
    """Tell what is being done, at once."""
    print(f"[set-up] {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

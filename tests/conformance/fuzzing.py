"""schemathesis over all of a real service's OpenAPI document, as everybody, as a reader and as its keeper."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kb.keys import Keys, Scope
from kb.settings import Settings

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Who asks: the scopes of the key, or None without one.
CALLERS: Mapping[str, tuple[Scope, ...] | None] = {
    "without a key": None,
    "reader": (Scope.SEARCH, Scope.MEMBERS),
    "admin": tuple(Scope),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What schemathesis found for one caller. `told` is all that it printed."""

    caller: str
    cases: int
    failures: int
    told: str


def fuzz(
    folder: Path, *, examples: int, seed: int = 1, callers: Iterable[str] = CALLERS
) -> Iterator[Outcome]:
    """Build a small knowledge base in `folder`, serve it, and ask it everything as each of the callers."""
    settings = _make_home(folder)
    keys = Keys(settings.keys_file)
    with _served(settings, folder / "service.log") as address:
        _write_configuration(folder, address)
        for caller in callers:
            scopes = CALLERS[caller]
            secret = keys.create(caller.replace(" ", "-"), scopes)[1] if scopes else None
            yield _ask(address, caller, secret, folder, examples=examples, seed=seed)
    log = (folder / "service.log").read_text()
    assert "Traceback" not in log, log


def _make_home(folder: Path) -> Settings:
    corpus = folder / "corpus"
    shutil.copytree(HERE.parent / "files" / "api", corpus)
    (corpus / "besloten.md").write_text("# Besloten\n\nHet besloten overleg ging over de lantaarnpalen.\n")
    (corpus / "besloten.md.yaml").write_text("access: members\n")
    settings = Settings(
        corpus=corpus,
        indexes=folder / "indexes",
        file_megabytes=1,
        port=_free_port(),
        rate_address=0,
        rate_key=0,
        rate_wrong_keys=0,
    )
    done = subprocess.run(
        [sys.executable, "-m", "kb", "build"],
        cwd=ROOT, env=_environment(settings), capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return settings


@contextmanager
def _served(settings: Settings, log: Path) -> Iterator[str]:
    """The service in a process of its own, once it can answer; its address."""
    address = f"http://127.0.0.1:{settings.port}"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve"], cwd=ROOT, env=_environment(settings), stderr=stream
        )
        try:
            deadline = time.monotonic() + 120
            while not _is_ready(address):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the service is not ready"
                time.sleep(0.2)
            yield address
            assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
            process.wait(timeout=60)


def _write_configuration(folder: Path, address: str) -> None:
    """The configuration, with values that this index knows, so that not all that is asked is unknown."""
    with urllib.request.urlopen(f"{address}/v1/documents?limit=100") as answer:
        documents = json.load(answer)["documents"]
    with urllib.request.urlopen(f"{address}/v1/search?q=lantaarnpalen") as answer:
        hits = json.load(answer)["hits"]
    known = {item["id"] for item in documents} | {item["language"] or "nl" for item in documents}
    known |= {item["event"]["name"] for item in documents if item["event"]}
    known |= {hit["passageId"] for hit in hits} | {"live", "lantaarnpalen", "verlichting"}
    written = (HERE / "schemathesis.toml").read_text()
    written += f"\n[dictionaries.known]\nvalues = {json.dumps(sorted(known), ensure_ascii=False)}\n"
    written += '\n[generation.dictionaries]\nstring = { dictionary = "known", probability = 0.3 }\n'
    (folder / "schemathesis.toml").write_text(written)


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/v1/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _ask(address: str, caller: str, secret: str | None, folder: Path, *, examples: int, seed: int) -> Outcome:
    report = folder / f"{caller.replace(' ', '-')}.json"
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"),
        "run", f"{address}/v1/openapi.json",
        "--checks", "all", "--max-examples", str(examples), "--seed", str(seed),
        "--continue-on-failure", "--request-timeout", "60", "--generation-database", "none",
        "--no-color", "--report-json-path", str(report),
    ]  # fmt: skip
    if secret:
        command += ["--header", f"Authorization: Bearer {secret}"]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.conformance.checks",
        "KB_FUZZED_FOLDER": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, text=True)
    told = done.stdout + done.stderr
    assert done.returncode in (0, 1), told
    return _read(caller, report, told)


def _read(caller: str, report: Path, told: str) -> Outcome:
    content = json.loads(report.read_text())
    assert content["complete"], told
    asked, cases = content["operations"], content["test_cases"]
    assert asked["tested"] == asked["total"] > 0, told
    errors = asked["errored"] + cases["errored"] + len(content["errors"])
    return Outcome(
        caller=caller, cases=cases["generated"], failures=cases["unique_failures"] + errors, told=told
    )


def _environment(settings: Settings) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    return {**clean, **settings.environment(), "PYTHONPATH": str(ROOT)}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

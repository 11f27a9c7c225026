"""Searches from many connections at once, by wrk in a process of its own; txtai's API server beside us.

Same machine, same encoder weights, same passages, same questions in the same mixed order. Each connection
asks its next question as soon as the last one is answered. Prints Markdown for BENCHMARKS.md; exit status 1
when a request failed.

Needs wrk (Debian: apt-get install wrk), an index of ../shared/corpus (build_and_search.py leaves one in
build/bench) and, for txtai, what peers.py leaves in build. Its server gets what it needs in build/txtai-api.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from build_and_search import INDEXES, ROOT, SHARED, machine
from peers import ENVIRONMENT, VECTORS, WORK

from kb.embedding.unpacking import default_model_folder

QUESTIONS = SHARED / "questions" / "dev.jsonl"
HERE = Path(__file__).parent
TXTAI_API = ROOT / "build" / "txtai-api"
TXTAI_INDEX = WORK / "txtai-index"
ERRORS = ("connect", "read", "write", "status", "timeout")


def main() -> int:
    """Measure, print the table, and tell of errors."""
    parser = argparse.ArgumentParser(description="Searches from many connections at once.")
    parser.add_argument("--indexes", type=Path, default=INDEXES)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of our workers")
    parser.add_argument("--no-txtai", action="store_true", help="measure this project alone")
    options = parser.parse_args()
    if not QUESTIONS.is_file():
        print(f"load: skipped, there are no questions at {QUESTIONS}")
        return 0
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    random.Random(5).shuffle(questions)  # noqa: S311 - the same order every time
    work = ROOT / "build" / "load"
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for workers in options.workers:
        environment = {
            "KB_INDEXES": str(options.indexes.absolute()),
            "KB_CORPUS": str(SHARED / "corpus"),
            "KB_WORKERS": str(workers),
            "KB_LOG_FORMAT": "json",
        }
        command = [sys.executable, "-m", "kb", "serve", "--port"]
        with running(command, environment, "/v1/health/ready", work / f"kennisbank-{workers}.log") as server:
            row = measure(server, "/v1/search?q=", questions, options)
            row["timeouts"] = server.metric("kb_second_stage_timeouts_total")
            rows.append({"name": f"Kennisbank, {workers} worker{'s' if workers > 1 else ''}", **row})
    if not options.no_txtai:
        rows.append({"name": "txtai API", **measure_txtai(questions, options, work)})
    print(
        f"{machine()}, {time.strftime('%Y-%m-%d')}; {options.connections} connections, {options.seconds} s\n"
    )
    print(table(rows))
    (work / "load.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return int(any(row[kind] for row in rows for kind in ERRORS))


class Server:
    """A server that runs, with all its processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return bytes(answer.read())

    def metric(self, name: str) -> float:
        lines = self.get("/metrics").decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(name))

    def megabytes(self) -> float:
        """Memory of its processes, what they share counted once (PSS)."""
        found, waiting = 0, [self.process.pid]
        while waiting:
            pid = waiting.pop()
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
            found += int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1])
            waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split())
        return found / 1024


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(
    command: Sequence[object], environment: Mapping[str, str], probe: str, log: Path
) -> Iterator[Server]:
    """A server on a free port, once its probe says so."""
    port = free_port()
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [*map(str, command), str(port)], env=os.environ | environment, stdout=stream, stderr=stream
        ) as process,
    ):
        server = Server(process, port)
        try:
            deadline = time.monotonic() + 120
            while True:
                try:
                    server.get(probe)
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit(f"load: the server did not start, see {log}") from None
                    time.sleep(0.5)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def measure(
    server: Server, address: str, questions: Sequence[str], options: argparse.Namespace
) -> dict[str, Any]:
    """What wrk measured, and the memory that the server then takes."""
    targets = [address + urllib.parse.quote(question, safe="") for question in questions]
    # Whatever is loaded late, by every worker.
    for target in targets[:20]:
        server.get(target)
    busy = os.getloadavg()[0]
    file = ROOT / "build" / "load" / "targets.txt"
    found = by_wrk(server, targets, file, connections=options.connections, seconds=options.seconds)
    return found | {"loadBefore": busy}


def by_wrk(
    server: Server, targets: Sequence[str], file: Path, *, connections: int, seconds: int
) -> dict[str, Any]:
    """What wrk measured of these targets, in turn, and the memory that the server then takes; `file` is for
    the targets."""
    file.write_text("\n".join(targets) + "\n", encoding="utf-8")
    command = ["wrk", "--threads", "1", "--timeout", "60s", "--script", HERE / "load.lua"]
    command += ["--connections", str(connections), "--duration", f"{seconds}s", server.address]
    done = subprocess.run(
        command, env=os.environ | {"TARGETS": str(file)}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"megabytes": server.megabytes()}


def measure_txtai(questions: Sequence[str], options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """The same of txtai's API server over our passages, hybrid as in peers.py."""
    python = ENVIRONMENT / "bin" / "python"
    if not (TXTAI_API / "fastapi").is_dir():
        pins = (HERE / "peers-requirements.txt").read_text(encoding="utf-8").splitlines()
        constraints = work / "constraints.txt"
        constraints.write_text(
            "\n".join(pin for pin in pins if not pin.startswith("torch=")), encoding="utf-8"
        )
        wanted = ["fastapi", "fastapi-mcp", "uvicorn", "python-multipart"]
        command = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--target",
            TXTAI_API,
            "-c",
            constraints,
            *wanted,
        ]
        subprocess.run(command, check=True)
    if not TXTAI_INDEX.is_dir():
        given = ["--passages", WORK / "passages.jsonl", "--model", default_model_folder()]
        output = ["--vectors", VECTORS, "--output", TXTAI_INDEX]
        subprocess.run([python, HERE / "load_txtai.py", *given, *output], check=True, env=_offline())
    settings = work / "txtai.yml"
    # With `embeddings` it serves the routes for searching; the index that was saved says the rest of them.
    embeddings = f"embeddings:\n  path: {default_model_folder()}\n  hybrid: true\n  content: true\n"
    settings.write_text(f"path: {TXTAI_INDEX}\nwritable: false\n{embeddings}", encoding="utf-8")
    environment = _offline() | {"CONFIG": str(settings), "PYTHONPATH": str(TXTAI_API)}
    command = [python, "-m", "uvicorn", "txtai.api:app", "--no-access-log", "--port"]
    with running(command, environment, "/count", work / "txtai.log") as server:
        return measure(server, "/search?limit=10&query=", questions, options)


def _offline() -> dict[str, str]:
    return {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    names = ["Server", "Requests/s", "Beside txtai", "p50 ms", "p95 ms", "p99 ms", "Requests", "Errors"]
    names += ["Second stage timed out", "Memory MB (PSS)"]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    peer = next((row["requests"] / row["seconds"] for row in rows if row["name"] == "txtai API"), None)
    for row in rows:
        rate = row["requests"] / row["seconds"]
        ratio = f"{rate / peer:.2f}" if peer else ""
        errors = sum(row[kind] for kind in ERRORS)
        timed_out = f"{row['timeouts']:.0f}" if "timeouts" in row else ""
        times = [f"{row[name]:.0f}" for name in ("p50", "p95", "p99")]
        cells = [row["name"], f"{rate:.1f}", ratio, *times, str(row["requests"]), str(errors), timed_out]
        lines.append(f"| {' | '.join([*cells, format(row['megabytes'], '.0f')])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

"""Promises of a service that watches its corpus."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2

from kb.settings import Settings
from tests.api.administrator import environment, until


def test_a_watching_service_finds_what_was_added_without_a_restart(home: Settings, root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--watch", "--port", str(port)],
        env={**environment(home), "PYTHONPATH": str(root)},
        stderr=subprocess.PIPE,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: httpx2.get(f"{address}/v1/health/ready").status_code == 200)
        text = "# Gemaal\n\nHet gemaal bij Oudezijl wordt vervangen.\n"
        (home.corpus / "nieuw").mkdir()
        (home.corpus / "nieuw" / "gemaal.md").write_text(text)

        def is_found() -> bool:
            found = httpx2.get(f"{address}/v1/search", params={"q": "gemaal Oudezijl"}, timeout=30).json()
            return any(hit["document"]["source"] == "nieuw/gemaal.md" for hit in found["hits"])

        until(is_found)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        assert process.stderr
        process.stderr.close()

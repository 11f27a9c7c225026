"""How long the page takes beside the API, until a reader sees the first results, and what it weighs.

    python benchmarks/page.py

Asks the questions of ../shared of an index (build/bench unless --indexes says otherwise), each of the API, as
a page, and as a page in Chromium, one after the other within the same run: what else this machine does
counts for all three.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Response

from tests.browser.visiting import PAINT, Reader, Visit, chromium

SHARED = Path("../shared")
QUESTIONS = SHARED / "questions" / "dev.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    parser.add_argument("--questions", type=int, default=60)
    arguments = parser.parse_args()
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()[: arguments.questions]
    questions = [json.loads(line)["question"] for line in lines]
    with serving(arguments.indexes) as address, chromium() as browser:
        visit = Visit(browser, address, Reader())
        page = visit.open("/")
        for question in questions[:5]:
            get(address, "/", question)
            page.goto(f"/?{asked(question)}")
        times: dict[str, list[float]] = {
            "the API's answer": [],
            "the page's HTML": [],
            "painted in Chromium": [],
        }
        for question in questions:
            times["the API's answer"].append(took(address, "/v1/search", question))
            times["the page's HTML"].append(took(address, "/", question))
            page.goto(f"/?{asked(question)}")
            times["painted in Chromium"].append(page.evaluate(PAINT))
        print(f"{len(questions)} questions, ten hits each\n")
        print("| Until | Median ms | p95 ms | Most ms |")
        print("|---|---|---|---|")
        for name, found in times.items():
            print(f"| {name} | {np.median(found):.0f} | {np.percentile(found, 95):.0f} | {max(found):.0f} |")
        visit.close()
        weigh(browser, address, questions)


def weigh(browser: Browser, address: str, questions: Sequence[str]) -> None:
    """The unpacked bytes of a page of results, by kind; the heaviest of all questions."""
    heaviest: dict[str, int] = {}
    for question in questions:
        sizes: dict[str, int] = {}
        # One that has nothing in its cache.
        visit = Visit(browser, address, Reader())
        answers: list[Response] = []
        visit.context.on("response", lambda answer, answers=answers: answers.append(answer))
        visit.open(f"/?{asked(question)}").wait_for_load_state("networkidle")
        for answer in answers:
            count(answer, sizes)
        visit.close()
        heaviest = max(heaviest, sizes, key=lambda found: sum(found.values()))
    print("\n| Of the heaviest page of results | Bytes, unpacked |")
    print("|---|---|")
    for kind, size in sorted(heaviest.items()):
        print(f"| {kind} | {size:,} |")
    print(f"| in all | {sum(heaviest.values()):,} |")


def count(response: Response, sizes: dict[str, int]) -> None:
    kind = response.request.resource_type
    if kind != "image":
        sizes[kind] = sizes.get(kind, 0) + len(response.body())


def asked(question: str) -> str:
    return urllib.parse.urlencode({"q": question})


def get(address: str, path: str, question: str) -> bytes:
    with urllib.request.urlopen(f"{address}{path}?{asked(question)}", timeout=60) as answer:
        content: bytes = answer.read()
        return content


def took(address: str, path: str, question: str) -> float:
    started = time.perf_counter()
    get(address, path, question)
    return (time.perf_counter() - started) * 1000


@contextmanager
def serving(indexes: Path) -> Iterator[str]:
    """A service of its own, that has loaded its model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "kb", "serve", "--indexes", str(indexes), "--port", str(port)]
    environment = {**os.environ, "KB_CORPUS": str(SHARED / "corpus"), "KB_RATE_ADDRESS": "0"}
    service = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/v1/health/ready", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        service.terminate()
        service.wait()


if __name__ == "__main__":
    main()

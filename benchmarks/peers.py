"""Ask the same questions of this project and of its peers, side by side: txtai, LlamaIndex and Haystack.

Same machine, same documents (their text as our readers extract it), same encoder weights. Each peer is
measured twice: on our passages, so that only the retrieval differs, and on those of its own splitter.
Rankings are judged here, by the rules of `kb evaluate`. Prints Markdown for BENCHMARKS.md, writes
build/peers.json.

Needs an index of ../shared/corpus (`benchmarks/build_and_search.py` leaves one in build/bench). The peers get
an environment of their own in build/peers-env. The first run encodes every text that a peer makes of the
documents, in float32, and takes most of an hour; their vectors stay in build/peers for the next one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from build_and_search import INDEXES, ROOT, SHARED, machine
from peer_results import Result, as_json, judge, tables

from kb.documents import Passage
from kb.embedding.unpacking import default_model_folder
from kb.evaluation import read_questions
from kb.index import DocumentRecord, Filter
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

QUESTIONS = SHARED / "questions" / "dev.jsonl"
REQUIREMENTS = Path(__file__).with_name("peers-requirements.txt")
RUNNER = Path(__file__).with_name("peer_runner.py")
ENVIRONMENT = ROOT / "build" / "peers-env"
WORK = ROOT / "build" / "peers"
VECTORS = WORK / "vectors.sqlite"
PEERS = {
    "txtai": "txtai, hybrid",
    "llamaindex": "LlamaIndex, vector",
    "haystack": "Haystack, BM25 and embeddings joined",
}
OURS, OWN = "ours", "its own"
GIVEN = {OURS: "passages", OWN: "documents"}
TOP = 10


class Bench:
    """The documents and questions that everyone is measured on, and the files that the peers read.

    With `documents` or `questions` it is a trial with only so many, and its files lie apart.
    """

    def __init__(self, indexes: Path, *, documents: int | None, questions: int | None) -> None:
        self._knowledge_base = KnowledgeBase(Settings(indexes=indexes)).pinned()
        self.questions = read_questions(QUESTIONS)
        if questions is not None:
            self.questions = [question for question in self.questions if question.answers][:questions]
        records = self._knowledge_base.documents()
        if documents is not None:
            wanted = {answer.file for question in self.questions for answer in question.answers}
            # Sorting is stable: those that answer come first.
            records = sorted(records, key=lambda record: record.source not in wanted)[:documents]
        self.documents = [(record, self._knowledge_base.passages_of(record.id)) for record in records]
        self._has_all_documents = documents is None
        self.is_trial = documents is not None or questions is not None
        self._folder = WORK / "trial" if self.is_trial else WORK

    @property
    def generation(self) -> str:
        """The generation of our index that is asked."""
        return self._knowledge_base.manifest().generation

    def export(self) -> None:
        """Write documents, our passages and the questions as JSON Lines."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write("documents", (_document(*found) for found in self.documents))
        self._write(
            "passages",
            (
                {"id": passage.id, "source": record.source, "context": passage.context, "text": passage.text}
                for record, passages in self.documents
                for passage in passages
            ),
        )
        self._write(
            "questions", ({"id": question.id, "question": question.question} for question in self.questions)
        )

    def ask_ours(self) -> Result:
        """Ask the index that is there, in this process."""
        only = (
            frozenset() if self._has_all_documents else frozenset(record.id for record, _ in self.documents)
        )
        filter = Filter(documents=only)
        self._knowledge_base.warm()
        # The first search pays for what is loaded late.
        self._knowledge_base.search(self.questions[0].question, filter=filter, limit=TOP)
        rankings, milliseconds = {}, {}
        for question in self.questions:
            start = time.perf_counter()
            answered = self._knowledge_base.search(question.question, filter=filter, limit=TOP)
            milliseconds[question.id] = (time.perf_counter() - start) * 1000
            rankings[question.id] = [hit.passage.id for hit in answered.found.hits]
        report = self._knowledge_base.report()
        is_from_nothing = self._has_all_documents and not report["passagesReused"]
        return Result(
            name="Kennisbank",
            splitter=OURS,
            passages=[(passage.id, passage.text) for _, passages in self.documents for passage in passages],
            rankings=rankings,
            milliseconds=milliseconds,
            build_seconds=report["seconds"] if is_from_nothing else None,
        )

    def ask_peer(self, peer: str, splitter: str, python: Path) -> Result:
        """Build and ask a peer, in a process of its environment. Ends the measurement when it fails."""
        given = GIVEN[splitter]
        output = self._folder / f"{peer}-{given}.json"
        command = [
            python, RUNNER, peer, f"--{given}", self._file(given), "--questions", self._file("questions"),
            "--model", default_model_folder(), "--vectors", VECTORS, "--output", output,
        ]  # fmt: skip
        say(f"{PEERS[peer]}, on {given}")
        if subprocess.run(command, env=peer_environ(), check=False).returncode:
            raise SystemExit(f"bench: {peer} could not be measured")
        told = json.loads(output.read_text(encoding="utf-8"))
        return Result(
            name=PEERS[peer],
            splitter=splitter,
            passages=[(identifier, text) for identifier, text in told["passages"]],
            rankings=told["rankings"],
            milliseconds=told["milliseconds"],
            build_seconds=told["buildSeconds"],
            told={name: told[name] for name in ("settings", "secondsOfSharedVectors", "beyondWindow")},
        )

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _write(self, name: str, items: Iterable[dict[str, Any]]) -> None:
        with self._file(name).open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def main() -> int:
    """Measure everyone, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description="Measure this project beside its peers on ../shared/corpus.")
    parser.add_argument("--indexes", type=Path, default=INDEXES, help="folder with our index of the corpus")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help="only some peers")
    parser.add_argument("--documents", type=int, help="a trial with so many documents")
    parser.add_argument("--questions", type=int, help="a trial with so many questions")
    parser.add_argument("--fresh", action="store_true", help="forget the peers' vectors of earlier runs")
    options = parser.parse_args()
    if not QUESTIONS.is_file():
        print(f"bench: skipped, there are no questions at {QUESTIONS}")
        return 0
    if options.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    python = make_environment()
    bench = Bench(options.indexes, documents=options.documents, questions=options.questions)
    bench.export()
    results = [bench.ask_ours()]
    # All peers read our passages: the first of them to come encodes these for all.
    results += [bench.ask_peer(peer, splitter, python) for splitter in (OURS, OWN) for peer in options.peers]
    ours, *peers = (judge(result, bench.questions) for result in results)
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}; {len(bench.documents)} documents\n")
    print(tables(ours, peers, bench.questions))
    told = {
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        "generation": bench.generation,
        "documents": len(bench.documents),
        "searches": as_json(ours, peers, bench.questions),
    }
    place = WORK / "trial" / "peers.json" if bench.is_trial else ROOT / "build" / "peers.json"
    place.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    return 0


def make_environment() -> Path:
    """The Python of build/peers-env, which is made when it is not what the requirements say."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    say("making the peers' environment in build/peers-env")
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    requirements = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    (torch,) = (line for line in requirements if line.startswith("torch=="))
    install = [python, "-m", "pip", "install", "--quiet"]
    if subprocess.run([*install, f"{torch}+cpu"], stderr=subprocess.DEVNULL, check=False).returncode:
        # uv, of the development environment, knows where PyTorch keeps its CPU builds.
        uv = [sys.executable, "-m", "uv", "pip", "install", "--python", python, "--torch-backend", "cpu"]
        subprocess.run([*uv, torch], check=True)
    subprocess.run([*install, "--requirement", REQUIREMENTS], check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def say(message: str) -> None:
    """Tell what is being done, beside the tables."""
    print(f"[peers] {message}", file=sys.stderr, flush=True)


def peer_environ() -> dict[str, str]:
    """Offline, without telemetry, and with threads that wait as ours do (`kb.embedding`)."""
    return os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
    }


def _document(record: DocumentRecord, passages: Sequence[Passage]) -> dict[str, Any]:
    """A document whole, put together from its passages, and where its pages or slides start."""
    text, pages = "", []
    for passage in passages:
        # Between two passages stands white space alone.
        text += "\n" * (passage.start - len(text))
        text += passage.text[len(text) - passage.start :]
        number = passage.locator.slide if passage.locator.page is None else passage.locator.page
        if number is not None and (not pages or pages[-1]["number"] != number):
            pages.append({"number": number, "start": passage.start})
    return {"id": record.id, "source": record.source, "title": record.title, "text": text, "pages": pages}


if __name__ == "__main__":
    sys.exit(main())

"""Asks an index in a process of its own: a library that aborts on a damaged file ends that one alone."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent

Hit = tuple[str, float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What an index answers: per query the hits as (passage id, score, text), or the error's name instead."""

    generation: str = ""
    documents: tuple[str, ...] = ()
    hits: dict[str, tuple[Hit, ...]] = field(default_factory=dict)
    error: str = ""
    message: str = ""

    def same_hits(self, other: Answers) -> bool:
        """Whether both answer, with the same documents, passages and scores."""
        return not self.error and (self.documents, self.hits) == (other.documents, other.hits)

    def __str__(self) -> str:
        told = f"{self.error}: {self.message}" if self.error else f"generation {self.generation}"
        return f"{told} ({len(self.documents)} documents)"


class Asker:
    """A process that opens an index afresh for each question."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.rest()

    def ask(self, indexes: Path, queries: Sequence[str]) -> Answers:
        """What a reader that starts now finds in `indexes`."""
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps({"indexes": str(indexes), "queries": list(queries)}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            status = self.rest()
            return Answers(error="Died", message=f"the reading process ended with status {status}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            return Answers(**reply)
        hits = {
            query: tuple((one[0], one[1], one[2]) for one in found) for query, found in reply["hits"].items()
        }
        return Answers(generation=reply["generation"], documents=tuple(reply["documents"]), hits=hits)

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.torture.asking"]
        # What it logs of damaged indexes is what is being measured here.
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def rest(self) -> int:
        """End the process, and with it what it has open; the next question starts another."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        return process.wait(30)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from kb.errors import KBError
    from kb.knowledge_base import KnowledgeBase
    from kb.settings import Settings

    try:
        # No time limit: under load the second stage would be left out, and scores differ.
        settings = Settings(indexes=Path(request["indexes"]), rerank_milliseconds=60_000)
        base = KnowledgeBase(settings).pinned()
        answered = [base.search(query) for query in request["queries"]]
        return {
            "generation": base.manifest().generation,
            "documents": [record.source for record in base.documents()],
            "hits": {
                query: [(hit.passage.id, hit.score, hit.passage.text) for hit in one.found.hits]
                for query, one in zip(request["queries"], answered, strict=True)
            },
        }
    except KBError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception as error:
        return {"error": f"untyped {type(error).__name__}", "message": str(error)}


if __name__ == "__main__":
    from tests.torture.with_words import use_words

    use_words()
    for _line in sys.stdin:
        _reply = json.dumps(_answer(json.loads(_line)))
        # What is open is kept from being pruned.
        gc.collect()
        print(_reply, flush=True)

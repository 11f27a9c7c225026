"""One table of what a machine does: encoding, a rebuild, and what grows with the number of passages, which is
a start, a search, memory and disk; with txtai and Haystack beside us.

    python benchmarks/growth.py

Indexes are written by growth_index.py: real passages, and beyond their number real ones with noise, without
the vectors of tokens and sentences. Queries are the questions beside the corpus and the beginnings of
sentences of its passages, none asked twice, so that no vector of a query is remembered. Every row is measured
in turn; what was measured stays in build/growth, so that a run that was cut off goes on. Prints Markdown for
BENCHMARKS.md and draws docs/beelden/growth-time.svg and growth-memory.svg.

Needs wrk (Debian: apt-get install wrk) and an index of ../shared/corpus (build_and_search.py leaves one in
build/bench). A million passages take a quarter of an hour to write and 4 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from build_and_search import INDEXES, KB, ROOT, machine
from encoder_engines import AS_IT_COMES, ENGINES, Engine, some_passages
from growth_charts import draw
from growth_index import write_index
from growth_peers import GROWTH_PEERS, measure_peer
from load import ERRORS, QUESTIONS, Server, by_wrk, free_port, running
from rebuild import one_document_more

from kb.embedding import load_encoder
from kb.generations import Generations
from kb.index import Filter
from kb.index.approximating import COUNTED, least_scores, query_of, recall_of
from kb.index.stored import VECTORS
from kb.index.vectors import VectorRows
from kb.settings import Settings

WORK = ROOT / "build" / "growth"
RESULTS = WORK / "results.json"
CHARTS = ROOT / "docs" / "beelden"
SIZES = (12_000, 100_000, 1_000_000)
CLIENTS = (1, 16)
_TOP = 10
_SECONDS = 20
# Two years, and how many passages there are of each theme, year and municipality.
_NARROWED = "&year=2022&year=2023&facets=theme&facets=year&facets=municipality"
_SETTLING = 100
_PASSAGES_ENCODED = 256
_OFF = {"KB_LATE_INTERACTION": "off", "KB_SENTENCE_VECTORS": "off"}
# As deploy/kennisbank.env has it.
_SERVED = _OFF | {"KB_WORKERS": "2"}


def main() -> int:
    """Measure what was not measured yet, print the tables, draw the charts."""
    parser = argparse.ArgumentParser(description="What grows with the number of passages.")
    parser.add_argument("--indexes", type=Path, default=INDEXES, help="folder with our index of the corpus")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--peers-up-to", type=int, default=100_000, help="0 for none")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured and written before")
    parser.add_argument("--table", action="store_true", help="only print and draw what was measured")
    options = parser.parse_args()
    if not QUESTIONS.is_file() or shutil.which("wrk") is None:
        print(f"growth: skipped, it needs wrk and the questions at {QUESTIONS}")
        return 0
    if options.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    # Where it is set every process compiles the program anew, as no installed one does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    results = Results(RESULTS)
    if not options.table:
        measure(results, options)
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}\n")
    print(table(results.told))
    draw(results.told, CHARTS)
    return 0


def measure(results: Results, options: argparse.Namespace) -> None:
    results.once("encoder", encoding, options.indexes)
    results.once("rebuild", one_document_more, options.indexes)
    queries = some_queries(options.indexes)
    for size in options.sizes:
        place = WORK / str(size)
        results.once(f"{size} written", write, options.indexes, place, size)
        results.once(f"{size} start", start_up, place, queries)
        for clients in CLIENTS:
            asked = queries[::-1] if clients > 1 else queries
            results.once(f"{size} clients {clients}", searches, place, asked, clients)
        results.once(f"{size} narrowed", searches, place, queries, 1, _NARROWED)
        results.once(f"{size} recall", recall, place)
        for peer in GROWTH_PEERS:
            if size <= options.peers_up_to:
                results.once(f"{size} {peer}", measure_peer, peer, place, WORK / f"peers-{size}")


class Results:
    """What was measured, kept in a file as soon as it is known."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def once(self, name: str, find: Callable[..., Any], *arguments: object) -> None:
        """Measure what has this name, unless it was; what fails is told and left out."""
        if name in self.told:
            return
        print(f"growth: {name}", file=sys.stderr, flush=True)
        try:
            self.told[name] = find(*arguments)
        except (Exception, SystemExit) as error:
            # The next run tries it again; the others go on.
            print(f"growth: {name} failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return
        self._file.write_text(json.dumps(self.told, indent=1, ensure_ascii=False), encoding="utf-8")


def encoding(indexes: Path) -> dict[str, Any]:
    """How many passages a second our encoder takes, and sentence-transformers as it comes, in turn."""
    passages = some_passages(indexes, _PASSAGES_ENCODED)
    engines = {name: Engine(ENGINES[name]) for name in (AS_IT_COMES, "ONNX Runtime (`auto` on a CPU)")}
    for start in range(0, len(passages), 32):
        for engine in engines.values():
            engine.passages(passages[start : start + 32])
    plain, ours = (engine.seconds for engine in engines.values())
    for engine in engines.values():
        engine.close()
    return {"passages": len(passages), "plain": len(passages) / plain, "ours": len(passages) / ours}


def questions() -> list[str]:
    """Those beside the corpus."""
    return [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def some_queries(indexes: Path) -> list[str]:
    """Questions, and the beginnings of sentences, in the same mixed order every time."""
    asked = questions()
    index = Generations(indexes).open_live()
    asked += [
        query
        for record in index.documents()
        for text in index.texts(record.id)
        if (query := query_of(text)) is not None
    ]
    index.close()
    distinct = list(dict.fromkeys(asked))
    random.Random(5).shuffle(distinct)  # noqa: S311 - no secret
    return distinct


def write(indexes: Path, place: Path, size: int) -> dict[str, Any]:
    """Write an index of so many passages."""
    shutil.rmtree(place, ignore_errors=True)
    source = Generations(indexes).open_live()
    encoder = load_encoder(Settings.load(_OFF))
    started = time.perf_counter()
    passages = write_index(source, place, size, encoder)
    seconds = time.perf_counter() - started
    source.close()
    manifest = Generations(place).manifest()
    way = manifest.approximation
    return {
        "passages": passages,
        "documents": manifest.documents,
        "seconds": seconds,
        "megabytes": sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) / 1e6,
        "approximation": [way.lists, way.nprobe, way.recall] if way else None,
    }


def start_up(place: Path, queries: Sequence[str]) -> dict[str, Any]:
    """From the start of `kb serve` to its first answer, and all of `kb search`; both the second time."""
    found: dict[str, Any] = {}
    for turn in range(2):
        with started(place) as (server, begin):
            address = f"/v1/search?limit={_TOP}&q={urllib.parse.quote(queries[turn], safe='')}"
            while True:
                try:
                    server.get(address)
                    break
                except (urllib.error.URLError, OSError):
                    if server.process.poll() is not None or time.perf_counter() - begin > 300:
                        raise RuntimeError("the service did not answer") from None
                    time.sleep(0.02)
            found["serve"] = time.perf_counter() - begin
        begin = time.perf_counter()
        command = [KB, "search", queries[10 + turn], "--indexes", str(place)]
        subprocess.run(command, env=os.environ | _OFF, capture_output=True, check=True)
        found["search"] = time.perf_counter() - begin
    return found


@contextmanager
def started(place: Path) -> Iterator[tuple[Server, float]]:
    port = free_port()
    begin = time.perf_counter()
    command = [KB, "serve", "--indexes", place, "--port", str(port)]
    log = (WORK / "serve.log").open("wb")
    with log, subprocess.Popen(command, env=os.environ | _SERVED, stdout=log, stderr=log) as process:
        try:
            yield Server(process, port), begin
        finally:
            process.terminate()
            process.wait(60)


def searches(place: Path, queries: Sequence[str], clients: int, also: str = "") -> dict[str, Any]:
    """What wrk measures with so many connections, and what the service then holds of memory; `also` is asked
    of each search besides."""
    targets = [f"/v1/search?limit={_TOP}&q={urllib.parse.quote(query, safe='')}{also}" for query in queries]
    environment = _SERVED | {"KB_INDEXES": str(place)}
    command = [sys.executable, "-m", "kb", "serve", "--port"]
    with running(command, environment, "/v1/health/ready", WORK / "serve.log") as server:
        for target in targets[:20]:
            server.get(target)
        # Meanwhile it learns its suggestions, patiently; what that costs searches is another matter.
        time.sleep(_SETTLING)
        file = WORK / "targets.txt"
        found = by_wrk(server, targets[20:], file, connections=clients, seconds=_SECONDS)
        if any(found[kind] for kind in ERRORS):
            raise RuntimeError(f"requests failed: {found}")
        return found | {"rate": found["requests"] / found["seconds"]}


def recall(place: Path) -> float:
    """The share of the ten truly nearest passages that a search finds, over the questions themselves."""
    index = Generations(place).open_live()
    manifest = index.manifest
    encoder = load_encoder(Settings.load(_OFF))
    queries = np.stack([one.vector for one in encoder.encode_queries(questions())])
    rows = VectorRows(index.folder / VECTORS, dimension=queries.shape[1], passages=manifest.passages)
    found = [index.dense(query, k=COUNTED, filter=Filter()).scores for query in queries]
    index.close()
    return recall_of(found, least_scores(rows, queries), passages=manifest.passages)


def table(told: dict[str, Any]) -> str:
    """What was measured at each size, as Markdown."""
    names = [
        "", "Passages", "Nearest by", "Recall@10 of questions", "Disk MB", "Writing s", "First answer s",
        "`kb search` s", "p50 / p95 / p99 ms, 1 client", "With two years and three facets", "16 clients",
        "Requests/s, 1 and 16", "Memory MB (PSS)", "Encoding, passages/s (times float32)",
        "One document more s",
    ]  # fmt: skip
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for size in sizes(told):
        written, start = told[f"{size} written"], told.get(f"{size} start", {})
        one, many = (told.get(f"{size} clients {clients}", {}) for clients in CLIENTS)
        way = written["approximation"]
        cells = [
            "Kennisbank", f"{written['passages']:,}",
            f"{way[1]} of {way[0]:,} lists" if way else "all", number(told.get(f"{size} recall"), 3),
            number(written["megabytes"], 0), number(written["seconds"], 0),
            number(start.get("serve"), 1), number(start.get("search"), 1), times(one),
            times(told.get(f"{size} narrowed", {})), times(many),
            f"{number(one.get('rate'), 0)}, {number(many.get('rate'), 0)}", number(many.get("megabytes"), 0),
            *(of_the_corpus(told) if size == min(sizes(told)) else ("", "")),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
        for peer, name in GROWTH_PEERS.items():
            if found := told.get(f"{size} {peer}"):
                cells = [
                    name, f"{found['passages']:,}", "", "", "", number(found["seconds"], 0), "", "",
                    times(found), "", "", "", number(found["megabytes"], 0), "", "",
                ]  # fmt: skip
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def of_the_corpus(told: dict[str, Any]) -> tuple[str, str]:
    """What does not depend on a size that was made: measured on the corpus as it is."""
    one = told.get("encoder")
    encoded = f"{one['ours']:.1f} ({one['ours'] / one['plain']:.2f})" if one else ""
    return encoded, number(told.get("rebuild", {}).get("work"), 1)


def sizes(told: dict[str, Any]) -> list[int]:
    """The sizes of which there is an index."""
    return sorted(int(name.split()[0]) for name in told if name.endswith(" written"))


def times(found: dict[str, Any]) -> str:
    return " / ".join(number(found.get(name), 0) for name in ("p50", "p95", "p99"))


def number(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:,.{places}f}"


if __name__ == "__main__":
    sys.exit(main())

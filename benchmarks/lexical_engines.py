"""Compare engines for the lexical retriever on the passages of an index, with the same analysis.

Prints Markdown for BENCHMARKS.md. Needs an index of ../shared/corpus (`benchmarks/build_and_search.py` leaves
one in build/bench) and `pip install tantivy` beside the development environment.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kb.evaluation import holds, read_questions
from kb.generations import Generations
from kb.index import Filter
from kb.index.embedded import EmbeddedIndex
from kb.language import analyse, analyse_query

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT.parent / "shared" / "questions" / "dev.jsonl"
Search = Callable[[Sequence[str], int], list[int]]


def main() -> int:
    """Ask every question of every engine, several times, and print what came of it."""
    index = EmbeddedIndex.open(Generations(ROOT / "build" / "bench").current())
    records = index.passages(range(index.manifest.passages))
    languages = {document.id: document.language for document in index.documents()}
    terms = [
        [
            *analyse(found.passage.text, language, index.lexicon),
            *analyse(found.passage.context, language, index.lexicon),
        ]
        for found in records
        for language in [languages[found.passage.document_id]]
    ]
    questions = [question for question in read_questions(QUESTIONS) if question.quotes]
    queries = [analyse_query(question.question) for question in questions]
    right = [
        {found.row for found in records if any(holds(found.passage.text, quote) for quote in question.quotes)}
        for question in questions
    ]
    print(f"{len(records)} passages, {len(queries)} queries\n")
    print(
        "| Engine | Recall@5 | Recall@10 | Median ms | p95 ms | Bytes a passage |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("bm25s", None), ("SQLite FTS5", sqlite_engine), ("tantivy", tantivy_engine)):
            if make is None:
                lexical = sum(file.stat().st_size for file in (index_folder() / "lexical").iterdir())
                report(name, bm25s_engine(index), queries, right, lexical / len(records))
                continue
            place = Path(folder) / name.replace(" ", "")
            place.mkdir()
            try:
                search = make(place, terms)
            except ImportError as error:
                print(f"| {name} | not measured: {error} | | | | |")
                continue
            size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
            report(name, search, queries, right, size / len(records))
    return 0


def index_folder() -> Path:
    """The folder of the generation that is measured."""
    return Generations(ROOT / "build" / "bench").current()


def bm25s_engine(index: EmbeddedIndex) -> Search:
    """The product's own retriever."""
    return lambda terms, k: index.lexical(terms, k=k, filter=Filter()).rows.tolist()


def sqlite_engine(folder: Path, terms: Sequence[Sequence[str]]) -> Search:
    """FTS5 over analysed text; its BM25 has k1 1.2 and b 0.75."""
    database = sqlite3.connect(folder / "fts.sqlite", isolation_level=None)
    database.execute("CREATE VIRTUAL TABLE passages USING fts5(terms, content='', tokenize='unicode61')")
    database.execute("BEGIN")
    for row, words in enumerate(terms):
        database.execute("INSERT INTO passages (rowid, terms) VALUES (?, ?)", (row + 1, " ".join(words)))
    database.execute("COMMIT")
    database.execute("INSERT INTO passages (passages) VALUES ('optimize')")

    def search(query: Sequence[str], k: int) -> list[int]:
        match = " OR ".join(f'"{term}"' for term in query)
        found = database.execute(
            "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?", (match, k)
        )
        return [row - 1 for (row,) in found]

    return search


def tantivy_engine(folder: Path, terms: Sequence[Sequence[str]]) -> Search:
    """tantivy over analysed text; its BM25 has k1 1.2 and b 0.75."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", stored=True)
    builder.add_text_field("terms", stored=False, tokenizer_name="whitespace")
    index = tantivy.Index(builder.build(), path=str(folder))
    writer = index.writer(num_threads=1)
    for row, words in enumerate(terms):
        writer.add_document(tantivy.Document(row=row, terms=" ".join(words)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(query: Sequence[str], k: int) -> list[int]:
        parts = [
            (tantivy.Occur.Should, tantivy.Query.term_query(index.schema, "terms", term)) for term in query
        ]
        hits = searcher.search(tantivy.Query.boolean_query(parts), limit=k).hits
        return [searcher.doc(address)["row"][0] for _, address in hits]

    return search


def report(
    name: str, search: Search, queries: Sequence[Sequence[str]], right: Sequence[set[int]], size: float
) -> None:
    """One row of the table."""
    times, found = [], []
    for turn in range(5):
        for query in queries:
            start = time.perf_counter()
            rows = search(query, 200)
            times.append((time.perf_counter() - start) * 1000)
            if turn == 0:
                found.append(rows)
    recalls = [
        np.mean([bool(set(rows[:k]) & wanted) for rows, wanted in zip(found, right, strict=True)])
        for k in (5, 10)
    ]
    p95 = sorted(times)[int(len(times) * 0.95)]
    median = statistics.median(times)
    print(
        f"| {name} | {recalls[0]:.3f} | {recalls[1]:.3f} | {median:.2f} | {p95:.2f} | {size:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())

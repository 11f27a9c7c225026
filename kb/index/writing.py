"""Writing an embedded index: vectors, passages and postings into one folder, once.

What is learned from all passages together (how rare a term is, how long a passage, which words there are,
which of near-identical passages is the first) is learned from the open ones, so that what everybody may see
does not depend on what only members may.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kb.chunking import sentences
from kb.documents import Access, Event, Passage
from kb.embedding import Encoded
from kb.index import Approximation, DocumentRecord, Rows, label_tables
from kb.index.approximating import SAMPLE, approximate, query_of
from kb.index.copying import KeptDocument, Prepared, write_prepared
from kb.index.flat_file import FlatFileWriter
from kb.index.label_tables import LabelsWriter
from kb.index.labels import DocumentLabels
from kb.index.passage_words import PassageWords
from kb.index.posting_writing import write_postings
from kb.index.records import INDICES, SCHEMA, STORED_COLUMNS, to_json
from kb.index.stored import (
    LEXICAL,
    LEXICON,
    OPEN_LEXICON,
    PASSAGES,
    VECTORS,
    StoredVectors,
    embedded_hash,
)
from kb.index.vector_lists import SENTENCES, TOKENS, Codes, Run, VectorListsWriter
from kb.index.vectors import VectorRows
from kb.language import Lexicon
from kb.language.terms import code_of
from kb.near_duplicates import first_of_like_numbers, pairs_of
from kb.settings import EXACT_PASSAGES

# While it is written.
_WAITING = ".words"
# Passages whose vectors wait to be written.
_MOST_WAITING = 8_192

_NOTHING_FOUND = DocumentLabels()
_INSERT = f"INSERT INTO passages (row, document, {STORED_COLUMNS}) VALUES ({', '.join('?' * 10)})"  # noqa: S608


def _stored(passage: Passage) -> tuple[Any, ...]:
    """The values of `STORED_COLUMNS`."""
    return (
        passage.id, passage.ordinal, passage.start, passage.end, passage.text, passage.context,
        to_json(passage.locator), embedded_hash(passage),
    )  # fmt: skip


# What passages were encoded to, or what encodes them.
Encodings = Sequence[StoredVectors] | Callable[[], Sequence[StoredVectors]]


class IndexWriter:
    """Takes documents in turn and leaves an index in `folder`, which must be empty."""

    def __init__(
        self,
        folder: Path,
        *,
        dimension: int,
        token_dimension: int = 0,
        has_sentences: bool = False,
        exact_passages: int = EXACT_PASSAGES,
        token_passages: int | None = None,
    ) -> None:
        """With a `token_dimension` above 0 the passages' token vectors are kept as well, and with
        `has_sentences` the vectors of their sentences.

        Of more than `exact_passages` the nearest are found by an approximation; of more than
        `token_passages`, where it is given, no token vectors are kept.
        """
        self._folder = folder
        self._dimension = dimension
        self._exact_passages = exact_passages
        self._token_passages = token_passages
        self.has_sentences = has_sentences
        # How the nearest are found, once it is finished; None where all are compared.
        self.approximation: Approximation | None = None
        # Vectors are written beside the rest, in order of their documents: some are still being encoded.
        self._vectors_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vectors")
        self._waiting: deque[tuple[Future[None], int]] = deque()
        self._are_waiting = 0
        # Pairs of near-identical documents, once it is finished: a path, and the first one that it is like.
        self.near_identical: list[tuple[str, str]] = []
        self._tokens = self._sentences = None
        if token_dimension and token_passages != 0:
            self._tokens = VectorListsWriter(folder, TOKENS, dimension=token_dimension)
        if has_sentences:
            self._sentences = VectorListsWriter(folder, SENTENCES, dimension=dimension)
        self._vectors = FlatFileWriter(folder / VECTORS, dimension=dimension)
        self._words = PassageWords(folder / _WAITING)
        # Kept until it is closed: who opens what was written need not split the same words anew.
        self._lexicons: list[Lexicon] = []
        # Each with the row of its first passage and the number of these. They are written last: which meeting
        # a document is of shows only when all are known.
        self._documents: list[tuple[DocumentRecord, int, int]] = []
        self._database = sqlite3.connect(folder / PASSAGES, isolation_level=None)
        try:
            # The folder is thrown away when the build fails, so nothing needs to be undone in it.
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.executescript(SCHEMA + label_tables.SCHEMA)
            self._labels = LabelsWriter(self._database)
            self._database.execute("BEGIN")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._vectors_thread.shutdown(cancel_futures=True)
        self._database.close()
        for opened in (self._vectors, self._words, self._tokens, self._sentences):
            if opened is not None:
                opened.close()

    @property
    def passages(self) -> int:
        """How many passages were added."""
        return len(self._words)

    @property
    def has_tokens(self) -> bool:
        """Whether token vectors are kept."""
        return self._tokens is not None

    @property
    def documents(self) -> int:
        """How many documents were added."""
        return len(self._documents)

    @property
    def open_documents(self) -> int | None:
        """How many of them everybody may see; None when that is all."""
        are_open = sum(document.access is Access.OPEN for document, _, _ in self._documents)
        return None if are_open == self.documents else are_open

    @property
    def open_passages(self) -> int | None:
        """How many passages these have; None when that is all."""
        return None if self.open_documents is None else int(self._words.is_open().sum())

    def add(
        self,
        document: DocumentRecord,
        passages: Sequence[Passage],
        encoded: Encodings,
        labels: DocumentLabels = _NOTHING_FOUND,
        prepared: Prepared | None = None,
    ) -> None:
        """Append a document, its passages in reading order, what they were encoded to and what was
        found in it. Where `prepared` is given, a later index may copy it.

        Another thread writes what is encoded, and asks for it where it is to be asked. What that raises is
        raised by a later call: `ValueError` when passages, or their sentences, and vectors differ in number.
        """
        at = self._append(document, map(_stored, passages), prepared)
        self._labels.add(at, document, passages, labels)
        ask = encoded if callable(encoded) else partial(list, encoded)
        write = partial(self._write_vectors, passages, ask, self._tokens, self._sentences)
        self._later(write, len(passages))

    def copy(self, document: DocumentRecord, kept: KeptDocument, prepared: Prepared) -> None:
        """Append a document as another index has it, in which it was the same."""
        at = self._append(document, kept.passages, prepared)
        self._labels.copy(at, document, kept)
        lists = ((self._tokens, kept.tokens), (self._sentences, kept.sentences))
        self._later(partial(self._copy_vectors, kept.vectors, lists), len(kept.vectors))

    def _write_vectors(
        self,
        passages: Sequence[Passage],
        ask: Callable[[], Sequence[StoredVectors]],
        tokens: VectorListsWriter | None,
        sentences: VectorListsWriter | None,
    ) -> None:
        if len(encoded := ask()) != len(passages):
            raise ValueError(f"{len(passages)} passages have {len(encoded)} vectors")
        if encoded:
            self._vectors.add(np.stack([one.vector for one in encoded]))
        for passage, one in zip(passages, encoded, strict=True):
            if tokens:
                tokens.add(one.tokens)
            if sentences:
                sentences.add(_of_each_sentence(passage, one.sentences))

    def _copy_vectors(
        self, vectors: npt.NDArray[np.float32], lists: Iterable[tuple[VectorListsWriter | None, Run | None]]
    ) -> None:
        self._vectors.add(vectors)
        for writer, own in lists:
            if writer and own:
                writer.copy(own)

    def _later(self, write: Callable[[], None], passages: int = 0) -> None:
        """Write vectors of so many passages after those before them, which may still be encoded."""
        while self._waiting and (self._waiting[0][0].done() or self._are_waiting > _MOST_WAITING):
            self._written_one()
        self._waiting.append((self._vectors_thread.submit(write), passages))
        self._are_waiting += passages

    def _written_one(self) -> None:
        written, passages = self._waiting.popleft()
        self._are_waiting -= passages
        written.result()

    def _append(
        self, document: DocumentRecord, passages: Iterable[tuple[Any, ...]], prepared: Prepared | None
    ) -> tuple[int, int]:
        """Append a document and its passages, given as `STORED_COLUMNS`: its row, and that of its first
        passage."""
        own, first = self.documents, self.passages
        code, access = code_of(document.language), document.access
        rows = []
        for row, passage in enumerate(passages, first):
            rows.append((row, own, *passage))
            _, _, _, _, text, context, *_ = passage
            self._words.add(text, context, code, access)
        self._database.executemany(_INSERT, rows)
        if prepared:
            write_prepared(self._database, own, prepared)
        self._documents.append((document, first, len(rows)))
        if self._tokens and self._token_passages is not None and self.passages > self._token_passages:
            self._later(self._tokens.discard)
            self._tokens = None
        return own, first

    def group(self, events: Mapping[str, Event]) -> None:
        """Say of which event documents are, by their ids; what is not among them is of none."""
        self._documents = [
            (replace(document, event=events.get(document.id)), first, count)
            for document, first, count in self._documents
        ]

    def finish(
        self,
        encode_queries: Callable[[Sequence[str]], Sequence[Encoded]] | None = None,
        *,
        written: Callable[[Path, str | None], None] = lambda *_: None,
    ) -> None:
        """Write what is still in memory. Nothing can be added after it.

        `encode_queries` is needed to measure an approximation: without it every vector is compared.
        `written` is told of each file of vectors, by another thread, as soon as it is whole, with its SHA-256
        where that is known.
        """
        vectors = self._vectors_thread.submit(self._finish_vectors, written)
        self._database.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
            (
                (row, document.id, first, count, to_json(document))
                for row, (document, first, count) in enumerate(self._documents)
            ),
        )
        self._mark_twins()
        self._labels.count()
        is_approximate = encode_queries is not None and self.passages > self._exact_passages
        asked = self._sample_of_queries() if is_approximate else []
        self._database.execute("COMMIT")
        self._database.executescript(INDICES + label_tables.INDICES)
        self._database.execute("PRAGMA optimize")
        self._database.close()
        self._write_postings()
        self.near_identical = self._find_near_identical()
        self._words.remove()
        while self._waiting:
            self._written_one()
        vectors.result()
        if encode_queries and asked:
            rows = VectorRows(self._folder / VECTORS, dimension=self._dimension, passages=self.passages)
            queries = np.stack([one.vector for one in encode_queries(asked)])
            self.approximation = approximate(self._folder, rows, queries, self._learned_of())

    def _finish_vectors(self, written: Callable[[Path, str | None], None]) -> None:
        for lists in (self._tokens, self._sentences):
            if lists:
                for file, own in lists.finish().items():
                    written(file, own)
        self._vectors.finish()
        written(self._folder / VECTORS, None)

    def _mark_twins(self) -> None:
        """Give each passage of a group of near-identical ones the row of the group's first."""
        is_open = self._words.is_open()
        order = [*np.flatnonzero(is_open).tolist(), *np.flatnonzero(~is_open).tolist()]
        firsts = first_of_like_numbers(self._words.compared((row,) for row in order))
        members = Counter(firsts)
        self._database.executemany(
            "UPDATE passages SET twin = ? WHERE row = ?",
            ((order[first], row) for row, first in zip(order, firsts, strict=True) if members[first] > 1),
        )

    def _find_near_identical(self) -> list[tuple[str, str]]:
        """Pairs of paths of documents, as `kb.index.doubles.near_identical_documents` has them."""
        rows = (range(first, first + count) for _, first, count in self._documents)
        sources = [document.source for document, _, _ in self._documents]
        return pairs_of(sources, first_of_like_numbers(self._words.compared(rows)))

    def _sample_of_queries(self) -> list[str]:
        """What may be asked of some passages, evenly spread."""
        learned_of = self._learned_of()
        rows = learned_of[np.linspace(0, len(learned_of) - 1, 4 * SAMPLE).astype(np.int64)]
        query = "SELECT text FROM passages WHERE row = ?"
        texts = (self._database.execute(query, (row,)).fetchone()[0] for row in np.unique(rows).tolist())
        asked = list(dict.fromkeys(filter(None, map(query_of, texts))))
        taken = np.linspace(0, len(asked) - 1, min(SAMPLE, len(asked)))
        return [asked[at] for at in taken.astype(np.int64)]

    def _learned_of(self) -> Rows:
        """The rows of the open passages; of all where none is."""
        is_open = self._words.is_open()
        rows: Rows = np.flatnonzero(is_open if is_open.any() else ~is_open)
        return rows

    def _write_postings(self) -> None:
        folder = self._folder / LEXICAL
        folder.mkdir()
        vocabulary: dict[str, int] = {}
        terms = self._words.terms(self._lexicon(folder / LEXICON, list(Access)), vocabulary)
        is_open = self._words.is_open()
        open_terms = (
            terms
            if is_open.all()
            else self._words.terms(self._lexicon(folder / OPEN_LEXICON, [Access.OPEN]), vocabulary)
        )
        write_postings(folder, self._words.expanded(terms, open_terms), vocabulary, is_open)

    def _lexicon(self, file: Path, accesses: Sequence[Access]) -> Lexicon:
        """What a reader will load, so that queries are split the same way as passages."""
        Lexicon(*self._words.frequencies(accesses)).write(file)
        self._lexicons.append(found := Lexicon.read(file))
        return found


def _of_each_sentence(passage: Passage, codes: Codes) -> Codes:
    """The codes of a passage's sentences. Raises `ValueError` unless there is one for each."""
    if len(codes) != (count := len(sentences(passage.text))):
        raise ValueError(f"the {count} sentences of passage {passage.id} have {len(codes)} vectors")
    return codes

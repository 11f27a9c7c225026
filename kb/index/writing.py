"""Writing an embedded index: vectors, passages and postings into one folder, once."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import bm25s
import faiss
import numpy as np
import numpy.typing as npt

from kb.documents import Passage
from kb.embedding import Encoded
from kb.index import DocumentRecord
from kb.index.records import INDICES, SCHEMA, to_json
from kb.index.token_vectors import Codes, TokenVectorsWriter, quantise
from kb.language import Lexicon, tokens, word_terms, words
from kb.language.terms import code_of
from kb.near_duplicates import first_near_identical, words_of

VECTORS = "vectors.faiss"
PASSAGES = "passages.sqlite"
LEXICAL = "lexical"
LEXICON = "lexicon.tsv"

# Robertson and Zaragoza (2009); the values of Anserini for passages, best of a small grid (BENCHMARKS.md).
BM25_K1 = 0.9
BM25_B = 0.4


def embedded_text(passage: Passage) -> str:
    """What is encoded for a passage: its context, then its words."""
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def embedded_hash(text: str) -> str:
    """The key by which the vector of an unchanged passage is found again."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """What an index keeps of an encoded passage: its vector, of shape (dimension,), and the codes of its
    tokens (`kb.index.token_vectors.quantise`), of shape (tokens, token dimension)."""

    vector: npt.NDArray[np.float32]
    tokens: Codes

    @classmethod
    def of(cls, encoded: Encoded) -> Self:
        """What is kept of a passage that was just encoded."""
        return cls(encoded.vector, quantise(encoded.tokens))


class IndexWriter:
    """Takes documents in turn and leaves an index in `folder`, which must be empty."""

    def __init__(self, folder: Path, *, dimension: int, token_dimension: int = 0) -> None:
        """With a `token_dimension` above 0 the passages' token vectors are kept as well."""
        self._folder = folder
        self._tokens = TokenVectorsWriter(folder, dimension=token_dimension) if token_dimension else None
        self._vectors = faiss.IndexFlatIP(dimension)
        # Compounds can only be split once all words are known, so passages wait here as numbers of words.
        self._words: dict[tuple[str, str], int] = {}
        self._passages: list[array[int]] = []
        self._frequencies: dict[str, Counter[str]] = {"nl": Counter(), "en": Counter()}
        self._documents = 0
        self._database = sqlite3.connect(folder / PASSAGES, isolation_level=None)
        try:
            # The folder is thrown away when the build fails, so nothing needs to be undone in it.
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.executescript(SCHEMA)
            self._database.execute("BEGIN")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()
        if self._tokens:
            self._tokens.close()

    @property
    def passages(self) -> int:
        """How many passages were added."""
        return len(self._passages)

    @property
    def documents(self) -> int:
        """How many documents were added."""
        return self._documents

    def add(
        self, document: DocumentRecord, passages: Sequence[Passage], encoded: Sequence[StoredVectors]
    ) -> None:
        """Append a document, its passages in reading order and what they were encoded to.

        Raises `ValueError` when passages and vectors differ in number.
        """
        if len(encoded) != len(passages):
            raise ValueError(f"{len(passages)} passages have {len(encoded)} vectors")
        first = self.passages
        self._database.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
            (self._documents, document.id, first, len(passages), to_json(document)),
        )
        for row, passage in enumerate(passages, first):
            self._database.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    row,
                    passage.id,
                    self._documents,
                    passage.ordinal,
                    passage.start,
                    passage.end,
                    passage.text,
                    passage.context,
                    to_json(passage.locator),
                    embedded_hash(embedded_text(passage)),
                ),
            )
            self._passages.append(self._word_ids(passage, code_of(document.language)))
        self._documents += 1
        if encoded:
            self._vectors.add(np.stack([one.vector for one in encoded]).astype(np.float32))
        if self._tokens:
            for one in encoded:
                self._tokens.add(one.tokens)

    def finish(self) -> None:
        """Write what is still in memory. Nothing can be added after it."""
        self._mark_twins()
        self._database.execute("COMMIT")
        self._database.executescript(INDICES)
        self._database.execute("PRAGMA optimize")
        self._database.close()
        self._write_vectors()
        if self._tokens:
            self._tokens.finish()
        self._write_postings()

    def _write_vectors(self) -> None:
        # Through a file of Python's: that of FAISS closes without a word when the disk is full.
        with (self._folder / VECTORS).open("wb") as stream:
            writer = faiss.PyCallbackIOWriter(stream.write)  # type: ignore[attr-defined]
            faiss.write_index(self._vectors, writer)

    def _mark_twins(self) -> None:
        """Give each passage of a group of near-identical ones the row of the group's first."""
        texts = self._database.execute("SELECT text FROM passages ORDER BY row")
        firsts = first_near_identical(words_of(text) for (text,) in texts)
        members = Counter(firsts)
        self._database.executemany(
            "UPDATE passages SET twin = ? WHERE row = ?",
            ((first, row) for row, first in enumerate(firsts) if members[first] > 1),
        )

    def _word_ids(self, passage: Passage, code: str) -> array[int]:
        # The context stands above many passages: it would make the words of titles seem frequent.
        self._frequencies[code].update(word for word, _, _ in tokens(passage.text))
        numbers = self._words
        return array(
            "i",
            [
                numbers.setdefault((word, code), len(numbers))
                for text in (passage.text, passage.context)
                for word in words(text)
            ],
        )

    def _write_postings(self) -> None:
        folder = self._folder / LEXICAL
        folder.mkdir()
        lexicon = Lexicon(self._frequencies["nl"], self._frequencies["en"])
        lexicon.write(folder / LEXICON)
        # Compounds are split by what a reader will load, so that queries are split the same way.
        lexicon = Lexicon.read(folder / LEXICON)
        vocabulary: dict[str, int] = {}
        terms = [
            [vocabulary.setdefault(term, len(vocabulary)) for term in word_terms(word, code, lexicon)]
            for word, code in self._words
        ]
        if not vocabulary:
            return
        retriever = bm25s.BM25(k1=BM25_K1, b=BM25_B, method="lucene")
        ids = [[term for word in passage for term in terms[word]] for passage in self._passages]
        tokenized = bm25s.tokenization.Tokenized(ids=ids, vocab=vocabulary)
        retriever.index(tokenized, show_progress=False, create_empty_token=False)
        retriever.save(folder, show_progress=False)
        _check_saved(retriever, folder)


def _check_saved(retriever: Any, folder: Path) -> None:
    """Raise `OSError` unless the postings can be read back as they are.

    bm25s saves arrays with NumPy, which closes a file without seeing that the disk had no room for its end.
    """
    for name, values in retriever.scores.items():
        if isinstance(values, np.ndarray):
            file = folder / f"{name}.csc.index.npy"
            try:
                written = np.array_equal(np.load(file, mmap_mode="r"), values)
            except ValueError:
                written = False
            if not written:
                raise OSError(errno.ENOSPC, "not all of it was written", str(file))

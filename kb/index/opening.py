"""Opening the files of an index, each only when it has the shape that its readers count on.

A checksum tells that a file is what was written, not that it can be read: libraries that map or trust a file
of another shape end the process or read beyond its end.
"""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb.index import Manifest, Mask
from kb.index.flat_file import check_flat_file
from kb.index.postings import Postings
from kb.index.stored import LEXICAL, LEXICON, NEAREST, OPEN_LEXICON, PASSAGES, VECTORS
from kb.index.vector_lists import SENTENCES, TOKENS, VectorLists
from kb.index.vectors import ApproximateVectors, ExactVectors, VectorRows, Vectors
from kb.language import Lexicon

# What the libraries raise on files that are not of the shape they expect.
UNREADABLE = (
    OSError, sqlite3.Error, RuntimeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
    EOFError, MemoryError,
)  # fmt: skip

_DATABASE = b"SQLite format 3\0"


def check_database(folder: Path) -> None:
    """Raise `ValueError` unless the database is of the size that its header says (sqlite.org/fileformat)."""
    file = folder / PASSAGES
    with file.open("rb") as stream:
        header = stream.read(100)
    if len(header) < 100 or not header.startswith(_DATABASE):
        raise ValueError(f"{PASSAGES} is no database")
    (page,), (pages,) = struct.unpack(">H", header[16:18]), struct.unpack(">I", header[28:32])
    if (65_536 if page == 1 else page) * pages != file.stat().st_size:
        raise ValueError(f"{PASSAGES} was cut short")


def open_database(folder: Path) -> sqlite3.Connection:
    """The passages, read-only. May be used by another thread than the one that opened it."""
    uri = f"{(folder / PASSAGES).resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False)


def open_vectors(folder: Path, manifest: Manifest) -> Vectors:
    """The vectors, and what finds the nearest. Raises `ValueError` unless there is one of the right size for
    each passage."""
    file, passages, dimension = folder / VECTORS, manifest.passages, manifest.encoder.dimension
    check_flat_file(file, dimension=dimension, passages=passages)
    if not manifest.approximation:
        return ExactVectors(faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC))
    rows = VectorRows(file, dimension=dimension, passages=passages)
    # Other flags map the lists too, and start tens of threads to read ahead for every query.
    inverted: Any = faiss.read_index(str(folder / NEAREST), faiss.IO_FLAG_MMAP_IFC)
    if not _are_lists_of(inverted, manifest):
        raise ValueError(f"{NEAREST} is not of these {passages} passages")
    return ApproximateVectors(inverted, rows, manifest.approximation)


def _are_lists_of(inverted: Any, manifest: Manifest) -> bool:
    """Whether they are lists as a build makes them, and hold each passage once."""
    way, width = manifest.approximation, manifest.encoder.dimension
    if way is None or not isinstance(inverted, faiss.IndexIVFScalarQuantizer):
        return False
    inner, middle = faiss.METRIC_INNER_PRODUCT, inverted.quantizer
    shape = (inverted.d, inverted.ntotal, inverted.nlist, inverted.metric_type, inverted.code_size)
    if shape != (width, manifest.passages, way.lists, inner, width) or (
        (inverted.sq.qtype, middle.d, middle.ntotal, middle.metric_type)
        != (faiss.ScalarQuantizer.QT_8bit, width, way.lists, inner)
    ):
        return False
    lists: Any = inverted.invlists
    sizes = [lists.list_size(number) for number in range(way.lists)]
    if lists.code_size != width or sum(sizes) != manifest.passages:
        return False
    rows = np.concatenate(
        [faiss.rev_swig_ptr(lists.get_ids(at), size) for at, size in enumerate(sizes) if size]
    )
    # In this order: a number that is none of a passage cannot be counted.
    is_within = bool(rows.min() >= 0 and rows.max() < manifest.passages)
    return is_within and len(np.unique(rows)) == manifest.passages


def open_postings(folder: Path, *, passages: int) -> Postings:
    """The postings, memory-mapped. Raises `ValueError` unless they are of so many passages."""
    return Postings.open(folder / LEXICAL, passages=passages)


def open_lexicon(folder: Path, postings: Postings, *, is_open: Mask | None = None) -> Lexicon:
    """The words of the passages, and which of them the postings hold.

    With `is_open`, of shape (passages,), the words of those that everybody may see.
    """
    if is_open is None:
        return Lexicon.read(folder / LEXICAL / LEXICON, terms=postings.terms.keys())
    held = postings.held(is_open)
    terms = {term for term, at in postings.terms.items() if held[at]}
    return Lexicon.read(folder / LEXICAL / OPEN_LEXICON, terms=terms)


def open_token_vectors(folder: Path, manifest: Manifest) -> VectorLists | None:
    """The token vectors, memory-mapped; None for an index without. Raises `CorruptIndex`."""
    dimension = manifest.encoder.token_dimension
    if not dimension:
        return None
    return VectorLists.open(folder, TOKENS, dimension=dimension, passages=manifest.passages)


def open_sentence_vectors(folder: Path, manifest: Manifest) -> VectorLists | None:
    """The vectors of sentences, memory-mapped; None for an index without. Raises `CorruptIndex`."""
    if not manifest.has_sentences:
        return None
    dimension = manifest.encoder.dimension
    return VectorLists.open(folder, SENTENCES, dimension=dimension, passages=manifest.passages)

"""What an index keeps of a document, taken as it is stored, for a later index in which it is the same.

A build prepares a document (reads, describes, masks, cuts and labels it) from things of its own alone: its
file, what its sidecars say, and the program with its settings. A hash of all of these, its `work`, stands
beside what came of it; where a build finds the same `work`, it copies the rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from kb.documents import Gap, Metadata
from kb.index.labels import Label, LabelFacet
from kb.index.records import STORED_COLUMNS
from kb.index.vector_lists import Run

_METADATA = TypeAdapter(Metadata)
_GAPS = TypeAdapter(tuple[Gap, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a build knows of a document besides its passages and labels.

    `work` is the hash of all that decided it; `metadata` are those before its meeting was known; `gaps` tell
    what of it was not read.
    """

    work: str
    metadata: Metadata
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """The rows of a document with n passages, without their numbers.

    `passages` are the values of `STORED_COLUMNS`; `labels` those of each passage, without themes, which are
    found anew; `statements` the columns after the document's; `vectors` of shape (n, dimension); `tokens` and
    `sentences` those of an index that has them.
    """

    passages: Sequence[tuple[Any, ...]]
    labels: Sequence[Sequence[Label]]
    statements: Sequence[tuple[Any, ...]]
    vectors: npt.NDArray[np.float32]
    tokens: Run | None = None
    sentences: Run | None = None


def write_prepared(database: sqlite3.Connection, document: int, prepared: Prepared) -> None:
    """Put down what is known of the document in this row."""
    metadata = _METADATA.dump_json(prepared.metadata, exclude_defaults=True).decode()
    gaps = _GAPS.dump_json(prepared.gaps, exclude_defaults=True).decode()
    row = (document, prepared.work, metadata, gaps)
    database.execute("INSERT INTO prepared VALUES (?, ?, ?, ?)", row)


def read_works(database: sqlite3.Connection) -> Mapping[str, int]:
    """The row of each document that may be copied, by its `work`."""
    return dict(database.execute("SELECT work, document FROM prepared").fetchall())


def read_prepared(database: sqlite3.Connection, document: int) -> Prepared:
    """What is known of the document in this row, which is one of `read_works`."""
    query = "SELECT work, metadata, gaps FROM prepared WHERE document = ?"
    work, metadata, gaps = database.execute(query, (document,)).fetchone()
    return Prepared(work=work, metadata=_METADATA.validate_json(metadata), gaps=_GAPS.validate_json(gaps))


def read_rows(
    database: sqlite3.Connection, document: int, rows: range
) -> tuple[list[tuple[Any, ...]], list[list[Label]], list[tuple[Any, ...]]]:
    """The passages in these rows, which are those of the document, their labels and its statements: what
    `KeptDocument` has of the database."""
    between = (rows.start, rows.stop)
    query = f"SELECT {STORED_COLUMNS} FROM passages WHERE row >= ? AND row < ? ORDER BY row"  # noqa: S608
    passages = database.execute(query, between).fetchall()
    labels: list[list[Label]] = [[] for _ in rows]
    query = (
        "SELECT row, facet, key, name FROM labels JOIN label_names ON id = label "
        "WHERE row >= ? AND row < ? AND facet <> ?"
    )
    for row, facet, key, name in database.execute(query, (*between, LabelFacet.THEME)):
        labels[row - rows.start].append(Label(facet=LabelFacet(facet), key=key, name=name))
    query = (
        'SELECT kind, start, "end", speaker, role, organisation, literal FROM statements '
        "WHERE document = ? ORDER BY rowid"
    )
    return passages, labels, database.execute(query, (document,)).fetchall()

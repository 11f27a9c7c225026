"""The labels and statements of an index, written: tables of passages.sqlite.

A label stands once for each way it is spelled, and a passage has each key of a facet once, so that counts by
key are those of passages.
"""

from __future__ import annotations

import bisect
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kb.documents import Passage, name_key
from kb.index import DocumentRecord, Rows
from kb.index.copying import KeptDocument
from kb.index.labels import DocumentLabels, Label, LabelFacet
from kb.themes import Theme

SCHEMA = """
CREATE TABLE label_names (
    id INTEGER PRIMARY KEY,
    facet TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (facet, key, name)
) STRICT;
CREATE TABLE labels (
    label INTEGER NOT NULL REFERENCES label_names (id),
    row INTEGER NOT NULL REFERENCES passages (row),
    PRIMARY KEY (label, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE document_labels (
    label INTEGER NOT NULL REFERENCES label_names (id),
    document INTEGER NOT NULL REFERENCES documents (row),
    passages INTEGER NOT NULL,
    PRIMARY KEY (label, document)
) STRICT, WITHOUT ROWID;
CREATE TABLE statements (
    document INTEGER NOT NULL REFERENCES documents (row),
    kind TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    speaker TEXT,
    role TEXT,
    organisation TEXT,
    literal INTEGER NOT NULL
) STRICT;
CREATE TABLE themes (ordinal INTEGER PRIMARY KEY, theme TEXT NOT NULL) STRICT;
"""
# Made after the rows are in, as those of passages are.
INDICES = """
CREATE INDEX labels_by_row ON labels (row);
CREATE INDEX document_labels_by_document ON document_labels (document);
CREATE INDEX statements_by_document ON statements (document);
"""
_STATEMENT = "INSERT INTO statements VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_COUNT = (
    "INSERT INTO document_labels SELECT label, document, count(*) FROM labels "
    "JOIN passages ON passages.row = labels.row"
)


class LabelsWriter:
    """Takes the labels of documents in turn."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Tables of `SCHEMA` must be there."""
        self._database = database
        known = database.execute("SELECT id, facet, key, name FROM label_names")
        self._ids = {(facet, key, name): number for number, facet, key, name in known}

    def add(
        self,
        at: tuple[int, int],
        document: DocumentRecord,
        passages: Sequence[Passage],
        found: DocumentLabels,
    ) -> None:
        """The labels and statements of a document; `at` are its own row and that of its first passage."""
        row, first = at
        themes = _themes_of(document)
        for passage, labels in enumerate(_of_passages(passages, found), first):
            self._add(passage, (*labels, *themes))
        self._database.executemany(
            _STATEMENT,
            (
                (row, one.kind, one.start, one.end, one.speaker, one.role, one.organisation, one.literal)
                for one in found.statements
            ),
        )

    def copy(self, at: tuple[int, int], document: DocumentRecord, kept: KeptDocument) -> None:
        """The labels and statements of a document as another index has them; `at` as for `add`."""
        row, first = at
        themes = _themes_of(document)
        for passage, labels in enumerate(kept.labels, first):
            self._add(passage, (*labels, *themes))
        self._database.executemany(_STATEMENT, ((row, *one) for one in kept.statements))

    def _add(self, passage: int, labels: Iterable[Label]) -> None:
        # In one order whatever they were found in, so that names are numbered alike when they are copied.
        ordered = sorted(set(labels), key=lambda label: (*_of(label), label.name))
        self._database.executemany(
            "INSERT INTO labels VALUES (?, ?)", [(self._number(label), passage) for label in ordered]
        )

    def count(self) -> None:
        """Count what was added by document. Once, when all documents are in."""
        self._database.execute(f"{_COUNT} GROUP BY label, document")

    def add_theme(self, theme: Theme, rows: Rows) -> None:
        """Put down a theme of the themes file and the passages that belong to it, counted again."""
        self._database.execute("INSERT INTO themes (theme) VALUES (?)", (theme.model_dump_json(),))
        label = Label(facet=LabelFacet.THEME, key=theme.key, name=theme.name)
        spellings = [number for (facet, key, _), number in self._ids.items() if (facet, key) == _of(label)]
        number = self._number(label)
        had = {row for one in spellings for row in _rows_of(self._database, one)}
        new = ((number, row) for row in rows.tolist() if row not in had)
        self._database.executemany("INSERT INTO labels VALUES (?, ?)", new)
        self._database.execute("DELETE FROM document_labels WHERE label = ?", (number,))
        self._database.execute(f"{_COUNT} WHERE label = ? GROUP BY label, document", (number,))

    def _number(self, label: Label) -> int:
        key = (*_of(label), label.name)
        number = self._ids.get(key)
        if number is None:
            number = self._ids[key] = len(self._ids)
            self._database.execute("INSERT INTO label_names VALUES (?, ?, ?, ?)", (number, *key))
        return number


def _themes_of(document: DocumentRecord) -> list[Label]:
    """The themes that its metadata name, which are labels of all its passages."""
    of_all = {name_key(name): " ".join(name.split()) for name in document.themes}
    return [Label(facet=LabelFacet.THEME, key=key, name=name) for key, name in of_all.items() if key]


def _of(label: Label) -> tuple[str, str]:
    return str(label.facet), label.key


def _rows_of(database: sqlite3.Connection, number: int) -> Iterator[int]:
    for (row,) in database.execute("SELECT row FROM labels WHERE label = ?", (number,)):
        yield row


def _of_passages(passages: Sequence[Passage], found: DocumentLabels) -> list[list[Label]]:
    """The labels of each passage, each key of a facet once, as it is spelled first."""
    labels: list[dict[tuple[str, str], Label]] = [{} for _ in passages]
    ends = [passage.end for passage in passages]
    for span in sorted(found.spans, key=lambda span: (span.start, span.end)):
        # Passages follow each other, with a little overlap.
        for at in range(bisect.bisect_right(ends, span.start), len(passages)):
            if passages[at].start >= span.end:
                break
            labels[at].setdefault(_of(span.label), span.label)
    return [list(own.values()) for own in labels]


def add_themes(passages: Path, themes: Iterable[tuple[Theme, Rows]]) -> None:
    """Put down which passages of a finished index, by their rows, belong to each theme.

    For which do shows only when it can be asked. Nothing may have the file open.
    """
    database = sqlite3.connect(passages, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        writer = LabelsWriter(database)
        for theme, rows in themes:
            writer.add_theme(theme, rows)
        database.execute("COMMIT")
    finally:
        database.close()

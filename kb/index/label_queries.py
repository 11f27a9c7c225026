"""The labels and statements of an index, asked: what `kb.index.label_tables` wrote."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np

from kb.documents import name_key
from kb.index import Rows, best_spelling
from kb.index.connections import Connections
from kb.index.labels import PLACES, Label, LabelCount, LabelFacet, StatementRecord
from kb.minutes import StatementKind
from kb.places import codes_named
from kb.themes import Theme

_WITHIN = """
FROM document_labels JOIN label_names ON id = label
WHERE facet = ?1 AND (?2 IS NULL OR document IN (SELECT value FROM json_each(?2)))
"""
_COUNTS = f"SELECT key, count(DISTINCT document), sum(passages) {_WITHIN} GROUP BY key"
_SPELLINGS = f"SELECT key, name, sum(passages) {_WITHIN} GROUP BY key, name"


class LabelTables:
    """The labels of an index that is open for reading; what is asked is that of `kb.index.Index`.

    Documents are named by their rows.
    """

    def __init__(self, connections: Connections, *, passages: int, documents: int) -> None:
        """Raises `ValueError` when labels or statements are not those of so many passages and documents."""
        self._connections = connections
        with connections.lent() as database:
            _check(database, passages=passages, documents=documents)
            told = database.execute("SELECT theme FROM themes ORDER BY ordinal").fetchall()
        self.themes = tuple(Theme.model_validate_json(theme) for (theme,) in told)
        self._theme_names = {theme.key: theme.name for theme in self.themes}

    def labelled(self, facet: LabelFacet, values: Collection[str]) -> Rows:
        """The rows of the passages with any of these labels, each by its key or its name, in order."""
        with self._connections.lent() as database:
            numbers = _numbers(database, facet, values)
            # A list is one parameter, however long it is.
            query = (
                "SELECT DISTINCT row FROM labels WHERE label IN (SELECT value FROM json_each(?)) ORDER BY row"
            )
            found = [row for (row,) in database.execute(query, (json.dumps(numbers),))]
        return np.array(found, np.int64)

    def labels_of(self, rows: Iterable[int], facets: Collection[LabelFacet]) -> dict[int, tuple[Label, ...]]:
        """The labels of each of `rows` that has any of these facets, by facet as asked and name."""
        query = (
            "SELECT row, facet, key, name FROM labels JOIN label_names ON id = label "
            "WHERE row IN (SELECT value FROM json_each(?)) AND facet IN (SELECT value FROM json_each(?))"
        )
        asked = (json.dumps([int(row) for row in rows]), json.dumps([str(facet) for facet in facets]))
        found: dict[int, list[Label]] = {}
        with self._connections.lent() as database:
            for row, facet, key, name in database.execute(query, asked):
                found.setdefault(row, []).append(self._label(facet, key, name))
        order = {facet: at for at, facet in enumerate(facets)}
        return {
            row: tuple(sorted(labels, key=lambda label: (order[label.facet], label.name, label.key)))
            for row, labels in found.items()
        }

    def counts(self, facet: LabelFacet, documents: Collection[int] | None) -> list[LabelCount]:
        """The labels of a facet in these documents, or in all; those in most documents first."""
        asked = (facet, None if documents is None else json.dumps(sorted(documents)))
        spellings: dict[str, Counter[str]] = {}
        with self._connections.lent() as database:
            for key, name, passages in database.execute(_SPELLINGS, asked):
                spellings.setdefault(key, Counter())[name] = passages
            counted = [
                LabelCount(
                    label=self._label(facet, key, best_spelling(spellings[key])),
                    passages=passages,
                    documents=held,
                )
                for key, held, passages in database.execute(_COUNTS, asked)
            ]
        return sorted(counted, key=lambda one: (-one.documents, one.label.name, one.label.key))

    def statements(self, documents: Collection[int]) -> dict[int, tuple[StatementRecord, ...]]:
        """The statements of each of these documents, at offsets of its text, in order."""
        query = (
            'SELECT document, kind, start, "end", speaker, role, organisation, literal FROM statements '
            'WHERE document IN (SELECT value FROM json_each(?)) ORDER BY document, start, "end", rowid'
        )
        found: dict[int, list[StatementRecord]] = {document: [] for document in documents}
        with self._connections.lent() as database:
            for document, *fields in database.execute(query, (json.dumps(list(found)),)):
                found[document].append(_statement(*fields))
        return {document: tuple(statements) for document, statements in found.items()}

    def _label(self, facet: str, key: str, name: str) -> Label:
        sort = LabelFacet(facet)
        # A theme is called what its file calls it, however metadata spell it.
        name = self._theme_names.get(key, name) if sort is LabelFacet.THEME else name
        return Label(facet=sort, key=key, name=name)


def _check(database: sqlite3.Connection, *, passages: int, documents: int) -> None:
    """Raise `ValueError` unless everything leads to rows that there are."""
    for query, end in (
        ("SELECT (SELECT min(row) FROM labels), (SELECT max(row) FROM labels)", passages),
        ("SELECT min(document), max(document) FROM document_labels", documents),
        ("SELECT min(document), max(document) FROM statements", documents),
    ):
        first, last = database.execute(query).fetchone()
        if first is not None and not 0 <= first <= last < end:
            raise ValueError("the labels are not those of these passages")
    for (kind,) in database.execute("SELECT DISTINCT kind FROM statements"):
        StatementKind(kind)


def _numbers(database: sqlite3.Connection, facet: LabelFacet, values: Collection[str]) -> list[int]:
    """The labels of a facet that are named by their key or their name."""
    keys = {*values, *map(name_key, values)}
    if facet in PLACES:
        keys = {code for value in values for code in codes_named(value)}
    query = "SELECT id FROM label_names WHERE facet = ? AND key IN (SELECT value FROM json_each(?))"
    return [number for (number,) in database.execute(query, (facet, json.dumps(sorted(keys))))]


def _statement(
    kind: str, start: int, end: int, speaker: str | None, role: str | None, *rest: object
) -> StatementRecord:
    organisation, literal = rest
    return StatementRecord(
        kind=StatementKind(kind),
        start=start,
        end=end,
        speaker=speaker,
        role=role,
        organisation=None if organisation is None else str(organisation),
        literal=bool(literal),
    )

"""Hits and documents in the forms of other programs: tables, lines of JSON, and lists of literature."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kb.documents import Passage
from kb.exporting.bibtex import bibtex
from kb.exporting.citing import Links, sources_of
from kb.exporting.ris import ris
from kb.exporting.tables import COMMA, EXCEL, choice_table, document_table, hit_table
from kb.hits import Hit
from kb.index import DocumentRecord

__all__ = [
    "FORMS",
    "Form",
    "Format",
    "Links",
    "export_choice",
    "export_documents",
    "export_hits",
    "json_lines",
]


class Format(StrEnum):
    """What can be made of hits and documents, in the words with which it is asked for."""

    CSV = "csv"
    CSV_EXCEL = "csvExcel"
    JSON_LINES = "jsonl"
    RIS = "ris"
    BIBTEX = "bibtex"


@dataclass(frozen=True, slots=True)
class Form:
    """How a format is called on the web, and how a file of it ends."""

    media_type: str
    suffix: str


FORMS: Mapping[Format, Form] = {
    Format.CSV: Form("text/csv; charset=utf-8; header=present", ".csv"),
    Format.CSV_EXCEL: Form("text/csv; charset=utf-8; header=present", ".csv"),
    Format.JSON_LINES: Form("application/x-ndjson", ".jsonl"),
    Format.RIS: Form("application/x-research-info-systems", ".ris"),
    Format.BIBTEX: Form("application/x-bibtex; charset=utf-8", ".bib"),
}


def export_hits(hits: Sequence[Hit], wanted: Format, links: Links) -> str:
    """The hits as a table, or the documents that they stand in as a list of literature.

    JSON Lines are not among them: what a hit looks like in JSON is the caller's own (`json_lines`).
    """
    if wanted is Format.RIS:
        return ris(sources_of(hits, links))
    if wanted is Format.BIBTEX:
        return bibtex(sources_of(hits, links))
    return hit_table(hits, links, EXCEL if wanted is Format.CSV_EXCEL else COMMA)


def export_choice(passages: Iterable[tuple[Passage, DocumentRecord]], links: Links) -> str:
    """The passages that somebody chose, in that order, as a table for Excel with Dutch settings."""
    hits = [
        Hit(rank=number, score=0.0, passage=passage, document=record)
        for number, (passage, record) in enumerate(passages, 1)
    ]
    return choice_table(hits, links, EXCEL)


def export_documents(records: Sequence[DocumentRecord], wanted: Format, links: Links) -> str:
    """The documents as a table or as a list of literature; see `export_hits`."""
    if wanted is Format.RIS:
        return ris(links.source(record) for record in records)
    if wanted is Format.BIBTEX:
        return bibtex(links.source(record) for record in records)
    return document_table(records, links, EXCEL if wanted is Format.CSV_EXCEL else COMMA)


def json_lines(items: Iterable[Mapping[str, Any]]) -> str:
    """One object a line. A line end within a text is written as an escape, so each line is whole."""
    return "".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n" for item in items)

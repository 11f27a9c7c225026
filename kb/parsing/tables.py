"""How the rows of a table read, whatever format it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MAX_HEADER_LENGTH = 60
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENDS = (".", "!", "?", ":", ";", ",")
# A span or repetition beyond this is a mistake or an attack; no table is that wide.
MAX_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it is seen: a merged cell is listed once. `column` counts from 0."""

    text: str
    column: int
    columns: int = 1


Row = Sequence[Cell]


def row_texts(rows: Sequence[Row], *, header_rows: int) -> list[str]:
    """The text of each row in the form that Block states, as many as there are rows.

    An empty row gives an empty text. So do the rows that make up the header, unless part
    of them would otherwise not be read at all.
    """
    headers = _headers(rows[:header_rows])
    texts, used = [""] * header_rows, set()
    for row in rows[header_rows:]:
        parts = []
        for cell in row:
            if cell.text:
                header = headers.get(cell.column, "")
                used.add(header)
                parts.append(f"{header}: {cell.text}" if header else cell.text)
        texts.append(" | ".join(parts))
    if set(headers.values()) - used:
        texts[:header_rows] = [
            " | ".join(cell.text for cell in row if cell.text) for row in rows[:header_rows]
        ]
    return texts


def plausible_header(rows: Sequence[Row]) -> bool:
    """Whether the first row can be the header its table says it is: a short, different name
    over every column but perhaps the first, and rows below it."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    names = [cell.text for cell in rows[0]]
    named = [name for name in names if name]
    return (
        all(names[1:])
        and len(set(named)) == len(named)
        and all(len(name) <= _MAX_HEADER_LENGTH and not name.endswith(".") for name in named)
        and any(_YEAR.fullmatch(name) or any(character.isalpha() for character in name) for name in named)
    )


def cell_text(paragraphs: Sequence[str]) -> str:
    """The paragraphs of a cell on one line, marked off where they end without punctuation."""
    return "".join(_joined([text for text in paragraphs if text]))


def _joined(paragraphs: Sequence[str]) -> Iterator[str]:
    for position, text in enumerate(paragraphs):
        yield text
        if position < len(paragraphs) - 1:
            yield " " if text.endswith(_ENDS) else "; "


def _headers(rows: Sequence[Row]) -> dict[int, str]:
    """By column; the names of several header rows follow each other."""
    names: dict[int, list[str]] = {}
    for row in rows:
        for cell in row:
            for column in range(cell.column, min(cell.column + cell.columns, MAX_COLUMNS)):
                if cell.text and cell.text not in names.setdefault(column, []):
                    names[column].append(cell.text)
    return {column: " ".join(parts) for column, parts in names.items() if parts}

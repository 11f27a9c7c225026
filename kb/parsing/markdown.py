"""Markdown: blocks with the heading path and the line of the file at which they start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kb.documents import Block, Gap, Locator, Part, Role
from kb.parsing.cleaning import clean
from kb.parsing.decoding import decode, read_bytes
from kb.parsing.front_matter import read_front
from kb.parsing.markdown_lines import NOTE, prepare
from kb.parsing.markup import parse_markup, pieces
from kb.parsing.reading import Reading, ReadOptions
from kb.parsing.tables import Cell, plausible_header, row_texts

if TYPE_CHECKING:
    from markdown_it.token import Token

_MAX_CODE = 1_500
_MAX_HEADING = 200
_MAX_NESTING = 100
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# No word is this long; what is, is a key, a picture or a listing without spaces.
_NOISE = re.compile(r"[A-Za-z0-9+/=_-]{300,}")


def read_markdown(path: Path, options: ReadOptions) -> Reading:
    """Raises TooLarge or DamagedFile."""
    from markdown_it import MarkdownIt

    lines = decode(read_bytes(path, options.limits)).split("\n")
    front = read_front(lines)
    prepared = prepare(lines[front.lines :], first=front.lines + 1)
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _MAX_NESTING}).enable(
        ["table", "strikethrough"]
    )
    tokens = parser.parse("\n".join(text for _, text in prepared))
    document = _Reader(tokens, [number for number, _ in prepared])
    document.read()
    return Reading(
        blocks=tuple(document.blocks), metadata=front.metadata, gaps=(*front.gaps, *document.gaps())
    )


class _Reader:
    """Goes through the tokens once and keeps the heading path."""

    def __init__(self, tokens: list[Token], numbers: list[int]) -> None:
        self._tokens = tokens
        self._numbers = numbers
        self._path: dict[int, str] = {}
        self._items = 0
        self._cut = 0
        self._noise = 0
        self.blocks: list[Block] = []

    def read(self) -> None:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.type == "heading_open":
                self._heading(self._tokens[at + 1], level=int(token.tag[1]))
                at += 2
            elif token.type == "table_open":
                end = next(i for i in range(at, len(self._tokens)) if self._tokens[i].type == "table_close")
                self._table(self._tokens[at:end])
                at = end
            else:
                self._one(token)
            at += 1

    def gaps(self) -> Iterator[Gap]:
        if any(token.level >= _MAX_NESTING - 1 for token in self._tokens):
            message = f"Quotes and lists nested more than {_MAX_NESTING // 2} deep were not read"
            yield Gap(code="truncated", message=message)
        if self._cut:
            message = f"{self._cut} listings of code were read up to {_MAX_CODE} characters"
            yield Gap(code="truncated", message=message)
        if self._noise:
            yield Gap(code="noise", message=f"{self._noise} runs of encoded data in the text were left out")

    def _one(self, token: Token) -> None:
        role = Role.LIST_ITEM if self._items else Role.PARAGRAPH
        if token.type == "list_item_open":
            self._items += 1
        elif token.type == "list_item_close":
            self._items -= 1
        elif token.type == "inline":
            for text, line in _parts(token):
                is_note = text.startswith(NOTE)
                self._add(text.lstrip(NOTE), line, Role.FOOTNOTE if is_note else role)
        elif token.type == "fence":
            self._code(token.content, _line(token) + 1, role)
        elif token.type == "code_block":
            # Mostly running text that an author indented, so by the paragraph and whole.
            self._indented(token, role)
        elif token.type == "html_block":
            self._html(token.content, _line(token))

    def _heading(self, inline: Token, *, level: int) -> None:
        text = clean(" ".join(text for text, _ in _parts(inline)))
        if not text:
            return
        if len(text) > _MAX_HEADING:
            # A rule right below a paragraph makes a heading of it by accident.
            self._one(inline)
            return
        self._path = {depth: name for depth, name in self._path.items() if depth < level}
        self._path[level] = text
        self._add(text, _line(inline), Role.HEADING, level=level)

    def _code(self, content: str, line: int, role: Role) -> None:
        text = clean(content)
        if len(text) > _MAX_CODE:
            self._cut += 1
            text = text[:_MAX_CODE].rsplit(" ", 1)[0]
        self._add(text, line, role)

    def _indented(self, token: Token, role: Role) -> None:
        line = _line(token)
        for paragraph in re.split(r"\n(?=\s*\n)", token.content):
            blank = len(paragraph) - len(paragraph.lstrip("\n"))
            self._add(paragraph, line + blank, role)
            line += paragraph.count("\n") + 1

    def _html(self, content: str, line: int) -> None:
        root = parse_markup(content)
        for piece in pieces(root) if root is not None else ():
            if piece.level is not None:
                self._path = {depth: name for depth, name in self._path.items() if depth < piece.level}
                self._path[piece.level] = piece.text
            shift = max(0, (piece.element.sourceline or 1) - 1)
            self._add(piece.text, line + shift, piece.role, level=piece.level)

    def _table(self, tokens: list[Token]) -> None:
        rows: list[list[Cell]] = []
        lines: list[int] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
                lines.append(_line(token))
            elif token.type == "inline":
                text = clean(" ".join(part for part, _ in _parts(token)))
                rows[-1].append(Cell(text, len(rows[-1])))
        texts = row_texts(rows, header_rows=1 if plausible_header(rows) else 0)
        for text, line in zip(texts, lines, strict=True):
            self._add(text, line, Role.TABLE_ROW)

    def _add(self, text: str, line: int, role: Role, *, level: int | None = None) -> None:
        text, dropped = _NOISE.subn("", text)
        self._noise += dropped
        text = clean(text)
        # What is left of a picture or a row of dashes says nothing.
        if re.search(r"\w", text):
            place = Locator(
                part=Part.TABLE if role is Role.TABLE_ROW else Part.BODY,
                headings=tuple(self._path[depth] for depth in sorted(self._path)),
                line=self._numbers[min(line, len(self._numbers) - 1)],
            )
            self.blocks.append(Block(text=text, locator=place, role=role, level=level))


def _line(token: Token) -> int:
    """The line at which a token starts, from 0, among the prepared lines."""
    return token.map[0] if token.map else 0


def _parts(inline: Token) -> Iterator[tuple[str, int]]:
    """The plain text of an inline token, cut where the author ends a line on purpose."""
    line = start = _line(inline)
    words: list[str] = []
    for child in inline.children or ():
        if child.type in ("text", "code_inline", "text_special"):
            if child.content.startswith(NOTE) and words:
                yield "".join(words), start
                words, start = [], line
            words.append(child.content)
        elif child.type == "softbreak":
            line += 1
            words.append(" ")
        elif child.type == "hardbreak" or (
            child.type == "html_inline" and _LINE_BREAK.fullmatch(child.content)
        ):
            line += child.type == "hardbreak"
            yield "".join(words), start
            words, start = [], line
    yield "".join(words), start

"""Markdown as people write it, turned line by line into what CommonMark knows.

MkDocs and pymdownx add admonitions, tabs, attribute lists and icons; site generators add macros;
embedded pictures are whole files in base64. Each line keeps the number it has in its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

# A number from 1 and the text of that line.
Line: TypeAlias = tuple[int, str]

_FENCE = re.compile(r"\s*(?:(?:[-*+>]|\d{1,3}[.)])\s*)*(`{3,}(?=[^`]*$)|~{3,})(.*)")
# !!! note "Title" and ???+ note "Title" (admonitions), === "Title" (tabs).
# Possessive, because spaces that could belong to several of its parts take cubic time.
_ADMONITION = re.compile(
    r"""(\s*)(?:!!!|\?\?\?\+?|===[!+]?)\s*+([\w-]*+(?:[ ]++[\w-]++)*+)\s*+(?:"([^"]*)")?\s*"""
)
_CONTAINER = re.compile(r"\s{0,3}:{3,}\s*(?:\{[^}]*\}|[\w-]*)\s*(.*?)\s*:*\s*")
_MACRO = re.compile(r"\{\{[^{}]{0,400}\}\}|\{%[^{}]{0,400}%\}|\{#[^{}]{0,400}#\}")
_VALUE = r"""(?:"[^"]{0,200}"|'[^']{0,200}'|[\w./-]{1,200})"""
_ATTRIBUTE = rf"(?:[.#][\w:-]{{1,80}}|[\w-]{{1,40}}={_VALUE})"
_ATTRIBUTES = re.compile(
    rf"\{{:?[ ]{{0,4}}{_ATTRIBUTE}(?:[ ]{{1,4}}(?:{_ATTRIBUTE}|[\w-]{{1,40}})){{0,9}}[ ]{{0,4}}\}}"
    r"|\{ [a-z]{1,40}(?:-[a-z]{1,40}){1,4} \}"
)
_ICON = re.compile(r":(?:material|fontawesome|octicons?|simple)-[\w-]+:")
_DATA = re.compile(r"\bdata:[\w.+-]+/[\w.+-]+(?:;[\w=.-]+)*,[A-Za-z0-9+/=%_-]*")
_REFERENCE = re.compile(r"\[\[!?([^\[\]]{1,200})\]\]")
_NOTE_DEFINITION = re.compile(r"(\s{0,3})\[\^([^\[\]\s]{1,80})\]:\s*")
_NOTE_MARK = re.compile(r"\[\^[^\[\]\s]{1,80}\](?!:)")
_TIGHT_HEADING = re.compile(r"(#{1,6})(?=[A-Z])")
_INDENT = "    "
# No line has as many links; CommonMark takes quadratic time for brackets that nothing closes.
_MAX_BRACKETS = 2_000

# Stands before the text of a footnote; not a character of any text.
NOTE = "\ue000"


def prepare(lines: Sequence[str], *, first: int = 1) -> list[Line]:
    """The lines as CommonMark, with the numbers they have in the file, of which the first is `first`."""
    prepared: list[Line] = []
    fence = ""
    for number, text in _opened([(first + at, line) for at, line in enumerate(lines)]):
        before, fence = fence, _fence(text, fence)
        prepared.append((number, text if fence or before else _plain(text)))
    return prepared


def _fence(text: str, fence: str) -> str:
    """The fence of the listing of code that goes on after this line; "" outside one."""
    mark = _FENCE.match(text)
    if not mark:
        return fence
    if not fence:
        return mark[1]
    return "" if mark[1].startswith(fence) and not mark[2].strip() else fence


def _opened(lines: list[Line]) -> Iterator[Line]:
    """The lines of admonitions and tabs moved out of their block, below its title."""
    fence, at = "", 0
    while at < len(lines):
        number, text = lines[at]
        at += 1
        fence = _fence(text, fence)
        found = None if fence else _ADMONITION.fullmatch(text)
        if not found or not (found[2] or found[3]):
            container = None if fence else _CONTAINER.fullmatch(text)
            yield from _container(number, container[1]) if container else ((number, text),)
            continue
        indent, kind, title = found[1], found[2], found[3]
        yield number, ""
        if title and title.lower() != kind.lower():
            yield number, f"{indent}{title}"
            yield number, ""
        end = at
        depth = len(indent.expandtabs(len(_INDENT))) + len(_INDENT)
        while end < len(lines) and (not lines[end][1].strip() or _indentation(lines[end][1]) >= depth):
            end += 1
        inner = [
            (inner_number, indent + _dedented(inner_text, indent))
            for inner_number, inner_text in lines[at:end]
        ]
        yield from _opened(inner)
        yield number if end == at else lines[end - 1][0], ""
        at = end


def _container(number: int, title: str) -> Iterator[Line]:
    """A line of colons, which opens or closes a container, gives way to its title."""
    yield number, ""
    if title:
        yield number, title.strip('"')
        yield number, ""


def _indentation(text: str) -> int:
    """The columns before the first character, a tab up to the next multiple of four."""
    columns = text.expandtabs(len(_INDENT))
    return len(columns) - len(columns.lstrip(" "))


def _dedented(text: str, indent: str) -> str:
    before = text[: len(text) - len(text.lstrip(" \t"))].expandtabs(len(_INDENT))
    rest = before + text.lstrip(" \t")
    return rest[len(indent.expandtabs(len(_INDENT))) :].removeprefix(_INDENT)


def _plain(text: str) -> str:
    """One line outside a listing of code."""
    if "data:" in text:
        text = _DATA.sub("", text)
    if "{" in text:
        text = _ATTRIBUTES.sub("", _MACRO.sub("", text))
    if text.count("[") > _MAX_BRACKETS:
        text = text.replace("[", r"\[")
    if "[" in text:
        text = _NOTE_DEFINITION.sub(rf"\1{NOTE}", text)
        text = _REFERENCE.sub(r"[\1]", _NOTE_MARK.sub("", text))
    if text.startswith("#"):
        text = _TIGHT_HEADING.sub(r"\1 ", text, count=1)
    return "" if text.strip().upper() == "[TOC]" else _ICON.sub("", text)

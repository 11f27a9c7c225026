"""Text that stands on a PDF page without being drawn by it: form values, typed notes, comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pypdf import PageObject
from pypdf.generic import DictionaryObject

from kb.parsing.cleaning import clean
from kb.parsing.pdf_fragments import Fragment
from kb.parsing.pdf_geometry import apply, page_matrix

_SIZE = 10.0
_PARENTS = 8
_COMMENTS = frozenset({"/Text", "/Highlight", "/Underline", "/StrikeOut", "/Squiggly", "/Caret"})


def shown_annotations(page: PageObject, *, first: int) -> list[Fragment]:
    """Filled form fields and typed notes, each line a fragment where its box stands.

    `first` is the rank of the first in the page's drawing order.
    """
    base, _, height = page_matrix(page)
    found: list[Fragment] = []
    for annotation in _annotations(page):
        text = _shown_text(annotation)
        rectangle = annotation.get("/Rect")
        if not text or rectangle is None:
            continue
        x0, y0, x1, y1 = (float(number) for number in rectangle.get_object())
        corners = [apply(base, x0, y0), apply(base, x1, y1)]
        left, right = sorted(x for x, _ in corners)
        bottom, top = sorted(y for _, y in corners)
        lines = [line for line in map(clean, text.splitlines()) if line]
        step = min((top - bottom) / max(len(lines), 1), 1.2 * _SIZE)
        size = min(_SIZE, step) or _SIZE
        first_baseline = height - top + (0.75 * step if len(lines) > 1 else (top - bottom + 0.7 * size) / 2)
        found += [
            Fragment(
                text=line,
                x0=left,
                x1=min(right, left + 0.5 * size * len(line)),
                y=first_baseline + number * step,
                size=size,
                bold=False,
                order=first + len(found) + number,
            )
            for number, line in enumerate(lines)
        ]
    return found


def comments_of(page: PageObject) -> list[str]:
    """What reviewers wrote in the margin of the page."""
    texts = [
        clean(str(annotation.get("/Contents") or ""))
        for annotation in _annotations(page)
        if annotation.get("/Subtype") in _COMMENTS
    ]
    return list(dict.fromkeys(text for text in texts if text))


def _annotations(page: PageObject) -> Iterator[DictionaryObject]:
    for entry in page.annotations or ():
        annotation = entry.get_object()
        if isinstance(annotation, DictionaryObject):
            yield annotation


def _shown_text(annotation: DictionaryObject) -> str:
    if annotation.get("/Subtype") == "/FreeText":
        return str(annotation.get("/Contents") or "")
    if annotation.get("/Subtype") != "/Widget" or _inherited(annotation, "/FT") not in {"/Tx", "/Ch"}:
        return ""
    value = _inherited(annotation, "/V")
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return str(value) if isinstance(value, str) else ""


def _inherited(field: DictionaryObject, key: str) -> Any:
    """A value of a form field, which may stand at one of its parents."""
    for _ in range(_PARENTS):
        value = field.get(key)
        if value is not None:
            return value.get_object()
        parent = field.get("/Parent")
        parent = parent.get_object() if parent is not None else None
        if not isinstance(parent, DictionaryObject):
            break
        field = parent
    return None

"""How large the pictures of a PDF page say they are, known before anything unpacks them."""

from __future__ import annotations

from typing import Any

from pypdf import PageObject
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

from kb.parsing.ocr import OcrError

# What leads away from the page: to other pages, to where a link goes, to the document's structure.
_ELSEWHERE = frozenset({"/Parent", "/P", "/Dest", "/A", "/AA", "/Popup", "/IRT", "/StructParent", "/B"})
_MAX_OBJECTS = 20_000
# PDFium unpacks a picture whole, at four bytes a pixel: an A0 poster at 300 dpi has 140 million.
_MAX_PIXELS = 150_000_000


def refuse_large_pictures(page: PageObject) -> None:
    """Raise OcrError for a page whose picture would fill the memory, before anything unpacks it."""
    try:
        pixels = most_pixels(page)
    except Exception as error:  # a damaged page is not drawn
        raise OcrError(f"its pictures cannot be found ({type(error).__name__})") from error
    if pixels > _MAX_PIXELS:
        limit = f"at most {_MAX_PIXELS // 1_000_000} million are read"
        raise OcrError(f"it holds a picture of {pixels // 1_000_000:,} million pixels, and {limit}")


def most_pixels(page: PageObject) -> int:
    """The pixels of the largest picture that the page can draw, in forms, patterns, masks, letters and
    annotations too, as their dictionaries declare them. 0 without pictures."""
    most = 0
    pending: list[Any] = [page.get("/Resources"), page.get("/Annots")]
    seen: set[tuple[int, int] | int] = set()
    while pending and len(seen) < _MAX_OBJECTS:
        found = pending.pop()
        key = (found.idnum, found.generation) if isinstance(found, IndirectObject) else id(found)
        if key in seen:
            continue
        seen.add(key)
        if isinstance(found, IndirectObject):
            found = found.get_object()
        if isinstance(found, StreamObject):
            most = max(most, _side(found, "/Width") * _side(found, "/Height"))
        if isinstance(found, DictionaryObject):
            pending += [found.raw_get(name) for name in found if name not in _ELSEWHERE]
        elif isinstance(found, list):
            pending += list(found)
    return most


def _side(picture: StreamObject, name: str) -> int:
    side = picture.get(name)
    side = side.get_object() if side is not None else None
    return max(0, int(side)) if isinstance(side, int | float) else 0

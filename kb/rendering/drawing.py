"""Pages of a PDF by PDFium: as pictures, and the places of their words. Run in a process of its own."""

from __future__ import annotations

import ctypes
import io
import math
from collections.abc import Iterator
from typing import BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium

from kb.errors import NoView
from kb.rendering import PAGE_WIDTH, Box, Sheet, Word

# An A4 page of 1,800 pixels wide has 4.6 million; what asks for more is drawn less sharply.
MAX_PIXELS = 12_000_000
_MAX_SIDE = 16_000
_MAX_CHARACTERS = 100_000
# PDFium maps to whole pixels; of a page this large they are fine enough.
_FINE = 1_000_000
_SURROGATES = range(0xD800, 0xE000)

# From the file's coordinates to those of the page as it is seen: (a, b, c, d, e, f).
_Matrix = tuple[float, float, float, float, float, float]


def opened(stream: BinaryIO) -> pypdfium2.PdfDocument:
    """A PDF. Raises `NoView` for one that PDFium does not open."""
    try:
        document = pypdfium2.PdfDocument(stream)
        if document.get_formtype():
            document.init_forms()
    except pypdfium2.PdfiumError as error:
        raise NoView(f"PDFium does not open it ({error})", code="damaged") from error
    return document


def sheet(document: pypdfium2.PdfDocument, number: int) -> Sheet:
    """What is on page `number`, from 1. Raises `NoView`."""
    page = _page(document, number)
    width, height = _size(page)
    return Sheet(
        number=number,
        of=len(document),
        height=max(1, round(height / width * PAGE_WIDTH)),
        words=tuple(_words(page, height / width)),
    )


def picture(document: pypdfium2.PdfDocument, number: int, *, width: int) -> bytes:
    """Page `number` as a PNG of `width` pixels, narrower where it would be too large. Raises `NoView`."""
    page = _page(document, number)
    scale = scale_for(_size(page), width=width)
    try:
        image = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
    except (pypdfium2.PdfiumError, MemoryError, ValueError) as error:
        raise NoView(f"Page {number} cannot be drawn ({error})", code="damaged") from error
    # Most pages are black on white, and a third of the size without colours.
    grey = image.convert("L")
    is_grey = all(band.tobytes() == grey.tobytes() for band in image.split())
    found = io.BytesIO()
    (grey if is_grey else image).save(found, "PNG", compress_level=6)
    return found.getvalue()


def scale_for(size: tuple[float, float], *, width: int) -> float:
    """Pixels a point, for a page of `size` points: `width` of them across, within what may be drawn."""
    across, down = size
    return min(width / across, math.sqrt(MAX_PIXELS / (across * down)), _MAX_SIDE / max(across, down))


def _page(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    if not 1 <= number <= len(document):
        raise NoView(f"It has no page {number}", code="no-page")
    try:
        return document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise NoView(f"Page {number} is damaged ({error})", code="damaged") from error


def _size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if not (math.isfinite(width) and math.isfinite(height) and width >= 1 and height >= 1):
        raise NoView("The page has no size", code="damaged")
    return float(width), float(height)


def _words(page: pypdfium2.PdfPage, proportion: float) -> Iterator[Word]:
    """The words of a page: characters up to white space, a hyphen at a line's end or a control character."""
    text = page.get_textpage()
    matrix = _matrix(page, proportion)
    letters: list[str] = []
    corners: list[tuple[float, float]] = []
    for at in range(min(text.count_chars(), _MAX_CHARACTERS)):
        code = pdfium.FPDFText_GetUnicode(text, at)
        letter = chr(code) if 0x20 < code < 0x110000 and code not in _SURROGATES and code != 0xFFFE else " "
        if letter.isspace():
            if letters:
                yield Word("".join(letters), _around(corners))
            letters, corners = [], []
            continue
        left, bottom, right, top = text.get_charbox(at, loose=True)
        letters.append(letter)
        corners += [_seen(matrix, left, bottom), _seen(matrix, right, top)]
    if letters:
        yield Word("".join(letters), _around(corners))


def _matrix(page: pypdfium2.PdfPage, proportion: float) -> _Matrix:
    """How PDFium turns, crops and scales this page, from where it puts three points."""
    (e, f), (right, down), (across, up) = (
        _device(page, x, y, proportion) for x, y in ((0.0, 0.0), (1_000.0, 0.0), (0.0, 1_000.0))
    )
    return ((right - e) / 1_000, (down - f) / 1_000, (across - e) / 1_000, (up - f) / 1_000, e, f)


def _device(page: pypdfium2.PdfPage, x: float, y: float, proportion: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    # Its numbers are whole and of 32 bits: the longer side has the finest that fits.
    width, height = round(_FINE / max(1, proportion)), round(_FINE * min(1, proportion))
    pdfium.FPDF_PageToDevice(page, 0, 0, max(1, width), max(1, height), 0, x, y, across, down)
    unit = PAGE_WIDTH / max(1, width)
    return across.value * unit, down.value * unit


def _seen(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return x * a + y * c + e, x * b + y * d + f


def _around(corners: list[tuple[float, float]]) -> Box:
    left, top = math.floor(min(x for x, _ in corners)), math.floor(min(y for _, y in corners))
    right, bottom = math.ceil(max(x for x, _ in corners)), math.ceil(max(y for _, y in corners))
    return Box(left, top, right - left, bottom - top)

"""Pages without a text layer, rendered by PDFium and read by Tesseract."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kb.parsing.cleaning import clean
from kb.parsing.reading import Ocr

if TYPE_CHECKING:
    from PIL.Image import Image

# An A4 page at 300 dpi has 8.7 million pixels; more makes a large picture slow and no better read.
_DPI = 300
_MAX_PIXELS = 9_000_000
# A mean confidence in its words under this makes a page suspect of lying on its side.
_UPRIGHT_MEAN = 80
_LEAST_CONFIDENCE = 30
_LEAST_MEAN = 55
_LEAST_ROTATION_CONFIDENCE = 2.0
# How Tesseract reads a round bullet.
_BULLET = re.compile(r"^[e¢°©®]\s+(?=[A-Z])")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_LINE_END_HYPHEN = re.compile(r"(?<=[^\W\d_]{2})-\n(?=[^\W\d_])(?!(?:en|of|and|or)\b)(?=[a-zà-ÿ])")


class OcrError(Exception):
    """One page could not be rendered or read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    text: str
    confidence: float
    paragraph: tuple[int, int]
    line: int


def ocr_available() -> bool:
    """Whether Tesseract is installed."""
    return shutil.which("tesseract") is not None


def installed_languages() -> frozenset[str]:
    """Tesseract's names of the languages that it can read here; empty without Tesseract."""
    program = shutil.which("tesseract")
    if program is None:
        return frozenset()
    try:
        answer = subprocess.run(
            [program, "--list-langs"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(line.strip() for line in answer.stdout.splitlines()[1:] if line.strip())


def read_page_image(path: Path, page: int, ocr: Ocr) -> list[str]:
    """The paragraphs on page `page` (from 1) of the PDF at `path`, in Tesseract's reading order.

    Raises OcrError when the page cannot be rendered or Tesseract fails or takes longer than
    `ocr.seconds_per_page`.
    """
    import pytesseract

    image = _render(path, page)
    installed = installed_languages()
    languages = "+".join(name for name in ocr.languages.split("+") if name in installed)
    if not languages:
        raise OcrError(f"Tesseract has none of the languages {ocr.languages}")
    try:
        words = _words(image, languages, ocr)
        if "osd" in installed and _mean_confidence(words) < _UPRIGHT_MEAN:
            turned = _upright(image, ocr)
            words = words if turned is image else _words(turned, languages, ocr)
    except (RuntimeError, OSError, pytesseract.TesseractError) as error:
        raise OcrError(str(error) or type(error).__name__) from error
    return _paragraphs(words)


def _render(path: Path, page: int) -> Image:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        try:
            drawn = document[page - 1]
            width, height = drawn.get_size()
            if width <= 0 or height <= 0:
                raise OcrError("the page has no size")
            scale = min(_DPI / 72, math.sqrt(_MAX_PIXELS / (width * height)))
            image: Image = drawn.render(scale=scale, grayscale=True).to_pil()
            image.load()
            return image
        finally:
            document.close()
    except (pypdfium2.PdfiumError, OSError, ValueError, IndexError, MemoryError) as error:
        raise OcrError(f"the page cannot be rendered: {error}") from error


def _upright(image: Image, ocr: Ocr) -> Image:
    """The image turned by quarters as Tesseract's orientation detection says, when it is sure."""
    import pytesseract

    try:
        found = pytesseract.image_to_osd(
            image, config="--psm 0", timeout=ocr.seconds_per_page, output_type=pytesseract.Output.DICT
        )
    except pytesseract.TesseractError:
        return image  # too few letters to tell
    turn = int(found.get("rotate", 0))
    sure = float(found.get("orientation_conf", 0)) >= _LEAST_ROTATION_CONFIDENCE
    return image.rotate(-turn, expand=True) if sure and turn in {90, 180, 270} else image


def _words(image: Image, languages: str, ocr: Ocr) -> list[_Word]:
    import pytesseract

    found: dict[str, list[int | float | str]] = pytesseract.image_to_data(
        image, lang=languages, timeout=ocr.seconds_per_page, output_type=pytesseract.Output.DICT
    )
    return [
        _Word(
            text=str(text),
            confidence=float(confidence),
            paragraph=(int(block), int(paragraph)),
            line=int(line),
        )
        for text, confidence, block, paragraph, line in zip(
            found["text"], found["conf"], found["block_num"], found["par_num"], found["line_num"], strict=True
        )
        if str(text).strip()
    ]


def _mean_confidence(words: list[_Word]) -> float:
    return sum(word.confidence for word in words) / len(words) if words else 0.0


def _paragraphs(words: list[_Word]) -> list[str]:
    words = [word for word in words if word.confidence >= _LEAST_CONFIDENCE]
    texts = [_text(list(group)) for _, group in groupby(words, key=lambda word: word.paragraph)]
    # Specks, drawings and handwriting come out as single signs or as words that are not sure.
    return [text for text in texts if _LETTERS.search(text)]


def _text(words: list[_Word]) -> str:
    if sum(word.confidence for word in words) < _LEAST_MEAN * len(words):
        return ""
    lines = [" ".join(word.text for word in line) for _, line in groupby(words, key=lambda word: word.line)]
    return clean(_LINE_END_HYPHEN.sub("", "\n".join(_BULLET.sub("• ", line) for line in lines)))

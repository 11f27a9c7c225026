"""The fonts of a PDF as its text needs them: characters, widths and weight."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pypdf.generic import DictionaryObject
from pypdf.generic._font import Font

from kb.parsing.pdf_geometry import matrix_of

# "Medi" is how URW, "BX" how Computer Modern calls its bold.
_BOLD = re.compile(r"bold|black|heavy|demi|-medi(?:ital)?\b|(?:cm|sf|ec)bx")
_FORCE_BOLD = 1 << 18


@dataclass(frozen=True, slots=True)
class PageFont:
    """A font as the interpreter needs it; `unit` is the size of one glyph unit in ems."""

    encoding: str | dict[int, str]
    characters: dict[Any, Any]
    widths: dict[str, float]
    default_width: float
    unit: float
    bold: bool

    def glyphs(self, shown: bytes | str) -> list[tuple[str, float, bool]]:
        """The text of each code, its width in ems, and whether it is the one-byte code 32."""
        if isinstance(shown, str):
            shown = shown.encode("latin-1", "replace")
        if isinstance(self.encoding, str):
            codes = _decoded(shown, self.encoding)
            named = list(codes)
        else:
            codes = shown.decode("latin-1")
            named = [self.encoding.get(code, chr(code)) for code in shown]
        one_byte = len(codes) == len(shown)
        return [
            (
                str(self.characters.get(name, name)),
                self.widths.get(code, self.default_width) * self.unit,
                one_byte and code == " ",
            )
            for code, name in zip(codes, named, strict=False)
        ]


def load_font(resource: DictionaryObject) -> PageFont | None:
    """The font, or None when it does not say which characters its glyphs are."""
    try:
        font = Font.from_font_resource(resource)
        unit = 0.001
        if font.sub_type == "Type3":
            unit = abs(matrix_of(resource.get("/FontMatrix", (0.001, 0, 0, 0.001, 0, 0)))[0]) or 0.001
    except Exception:  # a broken font costs its own text only, not the page's
        return None
    if not font.interpretable:
        return None
    widths = {code: float(width) for code, width in font.character_widths.items()}
    name = f"{font.name} {font.font_descriptor.weight}".lower()
    flags = font.font_descriptor.flags
    bold = bool(_BOLD.search(name) or flags & _FORCE_BOLD)
    return PageFont(font.encoding, font.character_map, widths, widths.get("default", 500.0), unit, bold)


def _decoded(shown: bytes, encoding: str) -> str:
    try:
        return shown.decode(encoding, "surrogatepass")
    except (UnicodeDecodeError, LookupError):
        return shown.decode("utf-16-be" if len(shown) % 2 == 0 else "latin-1", "replace")

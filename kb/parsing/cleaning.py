"""The one form of text that every reader gives to its blocks."""

from __future__ import annotations

import re
import unicodedata

# Presentation forms of Latin ligatures; NFKC would also rewrite superscripts and fractions,
# which are words of the source.
_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
# Soft hyphens, zero-width and bidirectional controls: invisible, so they hide words from the
# search and can make a passage read differently from what it says.
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x061C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
)
_TRANSLATION = {**_LIGATURES, **_INVISIBLE}
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """One line of NFC text: no control or invisible characters, single spaces, trimmed."""
    text = _CONTROL.sub(" ", text).translate(_TRANSLATION)
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()

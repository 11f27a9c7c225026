"""Bytes to text: byte order marks, UTF-8, UTF-16 and UTF-32, and the encodings from before them."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from kb.errors import DamagedFile, TooLarge
from kb.parsing.reading import Limits

# The longer mark first: UTF-32 begins with the mark of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What Western European programs wrote, the most likely first, and the rest of the world.
_LEGACY = """
    cp1252 cp850 mac_roman iso8859_15 cp1250 cp1251 cp1253 cp1254 koi8_r shift_jis euc_jp gb18030 big5 euc_kr
"""
_SAMPLE_BYTES = 50_000
# Codecs that are no way to write a document: for names of hosts, for source code, or of quadratic time.
_NO_ENCODINGS = frozenset(("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"))
_WESTERN = ("cp1252", "cp850", "mac_roman")
# Signs above ASCII as Dutch and its neighbours use them: small letters, capitals that do not follow a
# small one, and punctuation at the edge of a word.
_EXPECTED = re.compile(
    "[\xa0’€°§²³½ß–—…éëïöüèêàáäçóíúñâîôûåæøœ]"
    "|(?<![a-zß-ÿ])[ÉËÏÖÜÈÊÀÁÄÇÓÍÚÑÂÎÔÛÅÆØŒ]"
    "|(?<!\\w)[‘“„«\u201a](?=\\w)|(?<=[\\w.,!?])[”»]|[•·±×©®](?!\\w)"
)
_HIGH = re.compile("[^\x00-\x7f]")
_ENOUGH = 0.9
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f�]")
_MAX_CONTROL_SHARE = 0.02


def read_bytes(path: Path, limits: Limits) -> bytes:
    """The bytes of a file of text. Raises TooLarge."""
    size = path.stat().st_size
    if size > limits.text_bytes:
        raise TooLarge(f"It is {size:,} bytes of text; at most {limits.text_bytes:,} are read")
    return path.read_bytes()


def decode(data: bytes, *, declared: str | None = None) -> str:
    """Text with "\\n" line ends. `declared` is the encoding that the data's own header states.

    Raises DamagedFile when the bytes are not text in any encoding.
    """
    text = _decoded(data, declared)
    sample = text[:_SAMPLE_BYTES]
    if len(_CONTROL.findall(sample)) > max(1, len(sample) * _MAX_CONTROL_SHARE):
        raise DamagedFile("It is called a text but its content is binary")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    wide = _wide(data)
    if wide:
        return data.decode(wide, "replace")
    for encoding in ("utf-8", _known(declared)):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return _mostly_utf8(data) or _legacy(data)


def _known(declared: str | None) -> str:
    """A declared encoding as browsers take it (WHATWG Encoding): Latin-1 means Windows-1252."""
    try:
        name = codecs.lookup((declared or "").strip()).name
        "".encode(name)
    except (LookupError, ValueError):
        # Not an encoding of text.
        return "utf-8"
    if name in _NO_ENCODINGS:
        return "utf-8"
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    sample = data[: _SAMPLE_BYTES // 2 * 2]
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    if zeros_odd > pairs * 0.7 and zeros_even < pairs * 0.05:
        return "utf-16-le"
    if zeros_even > pairs * 0.7 and zeros_odd < pairs * 0.05:
        return "utf-16-be"
    return None


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 into which a few bytes of another encoding were pasted, or that was cut off."""
    text = data.decode("utf-8", "surrogateescape")
    strangers = re.findall("[\udc80-\udcff]", text)
    genuine = sum(character >= "\x80" for character in text) - len(strangers)
    if genuine <= 2 * len(strangers):
        return None
    return re.sub(
        "[\udc80-\udcff]", lambda byte: bytes([ord(byte[0]) - 0xDC00]).decode("cp1252", "replace"), text
    )


def _legacy(data: bytes) -> str:
    if b"\0" in data:
        raise DamagedFile("It is called a text but its content is binary")
    text, share = max(
        ((text, _expected_share(text)) for text in (data.decode(name, "replace") for name in _WESTERN)),
        key=lambda reading: reading[1],
    )
    if share >= _ENOUGH:
        return text
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE_BYTES], cp_isolation=_LEGACY.split()).best()
    return data.decode(best.encoding, "replace") if best else text


def _expected_share(text: str) -> float:
    """How many of the signs above ASCII are where a Western European text would have them."""
    return len(_EXPECTED.findall(text)) / max(1, len(_HIGH.findall(text)))

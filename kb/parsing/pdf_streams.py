"""Whether the streams of a PDF are whole. pypdf gives what comes before the damage, in silence."""

from __future__ import annotations

import zlib
from typing import Any

from pypdf.generic import NullObject, StreamObject

# What is more is left out by the limit on streams.
_UNPACKED_BYTES = 50_000_000
_UNPACKED_AT_ONCE = 1_000_000


def packed_length(drawn: Any) -> int:
    """How many bytes the file gives to the page's drawing."""
    # pypdf drops /Length and has no public name for the bytes as they stand in the file.
    return sum(len(getattr(part, "_data", b"")) for part in parts_of(drawn))


def parts_of(drawn: Any) -> list[Any]:
    """The streams that a page's drawing consists of."""
    return [part.get_object() for part in drawn] if isinstance(drawn, list) else [drawn]


def is_missing(found: Any) -> bool:
    """Whether a reference leads to nothing."""
    return found is None or isinstance(found, NullObject)


def is_whole(stream: Any) -> bool:
    """Whether what Flate packed unpacks to its end; other ways of packing have no checksum. What is not
    there is whole, what a reference does not lead to is not."""
    stream = stream.get_object() if stream is not None else None
    names = stream.get("/Filter") if isinstance(stream, StreamObject) else None
    if names is not None and isinstance(names.get_object(), list):
        names = next(iter(names.get_object()), None)
    if names is None or names.get_object() not in ("/FlateDecode", "/Fl"):
        return not isinstance(stream, NullObject)
    unpacking = zlib.decompressobj()
    packed, count = getattr(stream, "_data", b""), 0
    try:
        while packed and not unpacking.eof and count < _UNPACKED_BYTES:
            count += len(unpacking.decompress(packed, _UNPACKED_AT_ONCE))
            packed = unpacking.unconsumed_tail
    except zlib.error:
        return False
    return unpacking.eof or count >= _UNPACKED_BYTES or not getattr(stream, "_data", b"")

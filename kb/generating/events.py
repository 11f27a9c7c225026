"""Server-sent events, read from bytes as they come (WHATWG HTML, 9.2.6), within bounds."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator

from kb.errors import EndpointFailed

# Far more than an answer of a page takes with the JSON around each of its words.
_MAX_BYTES = 4 * 1024 * 1024
_MAX_LINE = 256 * 1024
_PIECE = re.compile(rb"[^\n]*\n|[^\n]+")


async def event_data(parts: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """The data of each event. What the stream leaves without its closing empty line is no event.

    Raises `EndpointFailed` for more than any answer takes, and for what is not UTF-8.
    """
    data: list[str] = []
    async for line in _lines(parts):
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                data.append(value.removeprefix(" "))
        elif data:
            yield "\n".join(data)
            data = []


async def _lines(parts: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """Lines, which end in a line feed, with or without a carriage return before it."""
    begun: list[bytes] = []
    total = length = 0
    async for part in parts:
        total += len(part)
        for piece in _PIECE.findall(part):
            begun.append(piece)
            length += len(piece)
            if total > _MAX_BYTES or length > _MAX_LINE:
                raise EndpointFailed("The language model's answer is larger than any answer is")
            if piece.endswith(b"\n"):
                yield _text(b"".join(begun))
                begun, length = [], 0


def _text(line: bytes) -> str:
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise EndpointFailed("The language model's answer is not UTF-8") from error

"""Real files damaged at random: their bytes, the parts of their containers, their streams and their elements.

A mutation depends on its `random.Random` and its input alone, so that a number brings it back.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

MAX_BYTES = 2_000_000
_RUN = 400
_TOKENS = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\r\n\r\n",
        b"<!--",
        b"]]>",
        b"&#0;",
        b"&x;",
    ),
    *(
        b"<![CDATA[",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
        b"endstream",
        b"endobj",
        b"stream\n",
        b"<<",
        b">>",
        b"[",
        b"]",
    ),
    *(
        b"1 0 R",
        b"99999 0 R",
        b"/Filter /LZWDecode",
        b"/Length 0",
        b"/Kids",
        b"BT",
        b"Q",
        b"Do",
        b"> ",
        b"```",
        b"---",
    ),
    *(
        b"\xed\xa0\x80",
        "\u202e\u200b".encode(),
        b"--=_boundary",
        b"=?utf-8?B?",
        b"=\r\n",
        b"<table>",
        b"</w:p>",
    ),
)
_NUMBERS = (b"0", b"-1", b"1", b"65536", b"2147483648", b"99999999999999999999", b"1e999", b"0.0000001")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_OBJECT = re.compile(rb"(?<![0-9])(\d{1,7}) (\d{1,5}) obj\b")


@dataclass(frozen=True, slots=True)
class Seed:
    """A real file: its format's name, its name, its bytes."""

    format: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damaged file. `how` names what was done; `local` says that the rest is as it was."""

    data: bytes
    how: str
    local: bool = False


def mutate(seed: Seed, others: Sequence[Seed], rng: random.Random) -> Mutant:
    """One damaged form of a seed; `others` give the pieces of splices."""
    container = zipfile.is_zipfile(io.BytesIO(seed.data))
    if container and rng.random() < 0.75:
        return _in_container(seed.data, rng)
    if seed.format == "pdf" and rng.random() < 0.6:
        return _in_pdf(seed.data, rng)
    if seed.format == "html" and rng.random() < 0.3:
        return Mutant(_elements(seed.data, rng, html=True), "elements")
    if rng.random() < 0.15:
        return Mutant(_spliced(seed.data, rng.choice(others).data, rng), "splice")
    return _bytes(seed.data, rng)


def _bytes(data: bytes, rng: random.Random) -> Mutant:
    name = rng.choice(sorted(_BYTE_MUTATIONS))
    times = rng.choice((1, 1, 1, 2, 4))
    for _ in range(times):
        data = _BYTE_MUTATIONS[name](data, rng)
    return Mutant(data[:MAX_BYTES], name, local=name in _LOCAL)


def _flips(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 16, 64)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwritten(data: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng)
    fill = rng.choice((bytes(length), b"\xff" * length, b" " * length, rng.randbytes(length)))
    return data[:at] + fill + data[at + length :]


def _deleted(data: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng)
    return data[:at] + data[at + length :]


def _repeated(data: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng)
    return data[:at] + data[at : at + length] * rng.choice((2, 10, 300)) + data[at:]


def _inserted(data: bytes, rng: random.Random) -> bytes:
    at, _ = _place(data, rng)
    return data[:at] + rng.choice(_TOKENS) * rng.choice((1, 1, 3, 500)) + data[at:]


def _renumbered(data: bytes, rng: random.Random) -> bytes:
    found = [match.span() for match in re.finditer(rb"\d+", data)]
    if not found:
        return _flips(data, rng)
    start, end = rng.choice(found)
    return data[:start] + rng.choice(_NUMBERS) + data[end:]


def _truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))] if data else data


_BYTE_MUTATIONS: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "flips": _flips,
    "overwrite": _overwritten,
    "delete": _deleted,
    "repeat": _repeated,
    "insert": _inserted,
    "number": _renumbered,
    "truncate": _truncated,
}
_LOCAL = frozenset({"flips", "overwrite", "delete"})


def _place(data: bytes, rng: random.Random) -> tuple[int, int]:
    at = rng.randrange(len(data)) if data else 0
    return at, rng.choice((1, 8, 64, rng.randrange(1, _RUN)))


def _spliced(data: bytes, other: bytes, rng: random.Random) -> bytes:
    cut, begin = rng.randrange(len(data) + 1), rng.randrange(len(other) + 1)
    if rng.random() < 0.5:
        return (data[:cut] + other[begin:])[:MAX_BYTES]
    return (data[:cut] + other[begin : begin + _RUN * 10] + data[cut:])[:MAX_BYTES]


def _in_container(data: bytes, rng: random.Random) -> Mutant:
    """Another content of a ZIP container, packed anew so that its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    written = [at for at, (name, _) in enumerate(parts) if name.endswith((".xml", ".rels"))]
    if not written:
        return _bytes(data, rng)
    # The parts that hold the text, more often than the many that decorate it.
    at = rng.choice(sorted(written, key=lambda index: -len(parts[index][1]))[: rng.choice((2, 6, 100))])
    name, content = parts[at]
    how = rng.choice(("bytes", "bytes", "elements", "elements", "elements", "remove", "double", "rename"))
    if how == "bytes":
        parts[at] = (name, _bytes(content, rng).data)
    elif how == "elements":
        parts[at] = (name, _elements(content, rng))
    elif how == "remove":
        del parts[at]
        how = f"remove part {name}"
    elif how == "double":
        parts.insert(rng.randrange(len(parts) + 1), (name, _elements(content, rng)))
    else:
        parts[at] = (
            rng.choice(("../" + name, "/" + name, name.upper(), name.replace("/", "\\"), name + "\0.exe")),
            content,
        )
    packed = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        warnings.simplefilter("ignore")  # of two parts with one name, which is what is wanted
        for part, inner in parts:
            archive.writestr(zipfile.ZipInfo(part), inner, zipfile.ZIP_DEFLATED)
    return Mutant(
        packed.getvalue(), f"part: {how}", local=how.startswith("remove") and not name.endswith(".rels")
    )


def _elements(content: bytes, rng: random.Random, *, html: bool = False) -> bytes:
    """Elements removed, doubled, moved, wrapped deep, and attributes with other values."""
    parser = etree.HTMLParser(encoding="utf-8") if html else etree.XMLParser(resolve_entities=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return _bytes(content, rng).data
    for _ in range(rng.choice((1, 1, 3, 10))):
        inner = [element for element in root.iter("*") if element.getparent() is not None]
        if not inner:
            break
        with contextlib.suppress(etree.XMLSyntaxError):  # a form of HTML that cannot be read back
            _one_element(rng.choice(inner), rng.choice(inner), rng)
    return bytes(etree.tostring(root, method="html" if html else "xml", encoding="utf-8"))[:MAX_BYTES]


def _one_element(element: etree._Element, other: etree._Element, rng: random.Random) -> None:
    parent = element.getparent()
    how = rng.choice(("remove", "double", "move", "wrap", "attribute", "number", "text"))
    if how == "remove":
        parent.remove(element)
    elif how == "double" and len(etree.tostring(element)) < 20_000:
        for _ in range(rng.choice((1, 3, 50))):
            parent.insert(parent.index(element), etree.fromstring(etree.tostring(element, with_tail=False)))
    elif how == "move" and element not in other.iterancestors() and element is not other:
        other.append(element)
    elif how == "wrap":
        for _ in range(rng.choice((1, 30, 220))):
            shell = etree.Element(rng.choice((parent.tag, element.tag)))
            place = element.getparent()
            place.replace(element, shell)
            shell.append(element)
    elif how in ("attribute", "number") and element.attrib:
        key = rng.choice(sorted(element.attrib))
        if how == "attribute":
            del element.attrib[key]
        else:
            element.set(key, rng.choice(_NUMBERS).decode())
    elif how == "text":
        element.text = rng.choice(("", "\u202e\u0301", "x" * 5_000, "ﬁ\u00ad" * 20))


def _in_pdf(data: bytes, rng: random.Random) -> Mutant:
    """Another content of a PDF's dictionaries and streams, with its table of objects made anew."""
    how = rng.choice(("stream", "stream", "dictionary", "packed"))
    if how == "packed":
        return Mutant(_in_stream(data, rng, packed=True), "packed stream", local=True)
    if how == "stream":
        return Mutant(with_table(_in_stream(data, rng, packed=False)), "stream")
    places = list(_OBJECT.finditer(data))
    if not places:
        return _bytes(data, rng)
    start = rng.choice(places).end()
    end = min(
        (at for at in (data.find(b"stream", start), data.find(b"endobj", start)) if at >= 0), default=start
    )
    inner = _bytes(data[start:end], rng).data if end > start else b""
    return Mutant(with_table(data[:start] + inner + data[end:]), "dictionary")


def _in_stream(data: bytes, rng: random.Random, *, packed: bool) -> bytes:
    found = list(_STREAM.finditer(data))
    if not found:
        return _bytes(data, rng).data
    match = rng.choice(found)
    start, end = match.span(1)
    content = match[1]
    if packed:
        # Only bytes of the same length: what unpacks it has to notice.
        return data[:start] + _overwritten(_flips(content, rng), rng)[: len(content)] + data[end:]
    try:
        unpacked, is_packed = zlib.decompress(content), True
    except zlib.error:
        unpacked, is_packed = content, False
    changed = _bytes(unpacked, rng).data
    return data[:start] + (zlib.compress(changed, 1) if is_packed else changed) + data[end:]


def with_table(data: bytes) -> bytes:
    """The file with a cross-reference table that fits where its objects are now."""
    trailer = data.rfind(b"trailer")
    table = data.rfind(b"xref\n", 0, trailer) if trailer >= 0 else -1
    if table < 0:
        return data
    places = {int(match[1]): match.start() for match in _OBJECT.finditer(data, 0, table)}
    size = max(places, default=0) + 1
    if size > 10_000:
        return data
    lines = [b"0000000000 65535 f \n"]
    for number in range(1, size):
        at = places.get(number)
        lines.append(b"0000000000 65535 f \n" if at is None else b"%010d 00000 n \n" % at)
    end = data.find(b"startxref", trailer)
    kept = data[trailer:end] if end >= 0 else data[trailer:]
    return (
        data[:table] + b"xref\n0 %d\n" % size + b"".join(lines) + kept + b"startxref\n%d\n%%%%EOF\n" % table
    )


def unpacked_pdf(data: bytes, *, packed: bool) -> bytes | None:
    """The same PDF with plain objects and one table; its streams plain too, or packed with Flate."""
    try:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
        for found in writer._objects:  # no public name for every object
            if isinstance(found, StreamObject) and found.get("/Subtype") != "/Image":
                content = found.get_data()
                found.pop("/Filter", None)
                found.pop("/DecodeParms", None)
                found._data = zlib.compress(content) if packed else content
                if packed:
                    found[NameObject("/Filter")] = NameObject("/FlateDecode")
        written = io.BytesIO()
        writer.write(written)
    except Exception:  # a seed that is broken itself is used as it is
        return None
    return written.getvalue()

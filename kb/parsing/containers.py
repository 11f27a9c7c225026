"""Office files as ZIP containers of XML parts, opened without trusting them.

Nothing is ever written to disk and only asked-for parts are unpacked, so a part that nobody
reads (a video, a bomb) costs nothing. The Open Packaging Conventions (ECMA-376, part 2) name
parts by relationships; OpenDocument names them directly.
"""

from __future__ import annotations

import errno
import mmap
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from lxml import etree

from kb.documents import Gap
from kb.errors import DamagedFile, EncryptedFile, ParseError, TooLarge, UnsupportedFormat
from kb.parsing.cleaning import clean
from kb.parsing.reading import Limits

# lxml has no type information of its own.
Element: TypeAlias = Any

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_MAGIC = b"PK"
_MAX_ENTRIES = 20_000
# An element tree takes about ten times the bytes of its text.
_MAX_XML_BYTES = 64_000_000
# An element takes a few hundred bytes in memory, however short its name is.
_MAX_ELEMENTS = 3_000_000
# The two ways of packing that the Open Packaging Conventions and OpenDocument know. zipfile bounds what
# it unpacks of these, and not of others.
_PACKINGS = (ZIP_STORED, ZIP_DEFLATED)
# Relationships to parts that hold text of the document itself.
_TEXTS = frozenset(("footnotes", "endnotes", "notesSlide"))
_MAX_NUMBER = 10**15
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]+)/")


@dataclass(frozen=True, slots=True)
class Relationship:
    """`type` is the last word of the type's URI; `target` a part's name, or a URL if external."""

    type: str
    target: str
    external: bool = False


class Container:
    """The parts of one opened file. Names are matched without regard to case, as OPC has it."""

    def __init__(self, archive: ZipFile, *, name: str, limits: Limits) -> None:
        entries = archive.infolist()
        if len(entries) > _MAX_ENTRIES:
            raise TooLarge(f"{name} holds {len(entries)} parts; at most {_MAX_ENTRIES} are read")
        self._archive = archive
        self._name = name
        self._room = limits.unpacked_bytes
        self._relationships: dict[str, dict[str, Relationship]] = {}
        self._entries: dict[str, ZipInfo] = {}
        self._doubled: set[str] = set()
        self._missing: set[str] = set()
        for entry in entries:
            key = _key(entry)
            known = self._entries.get(key)
            if known is not None and (known.CRC, known.file_size) != (entry.CRC, entry.file_size):
                self._doubled.add(key)
            if key:
                self._entries[key] = entry

    def __contains__(self, part: str) -> bool:
        return _folded(part) in self._entries

    def read(self, part: str) -> bytes:
        """The bytes of a part. Raises DamagedFile if it is missing or damaged, EncryptedFile,
        or TooLarge when all parts read so far add up to more than the limit."""
        key = _folded(part)
        entry = self._entries.get(key)
        if entry is None:
            raise DamagedFile(f"{self._name} lacks the part {part}")
        if key in self._doubled:
            raise DamagedFile(f"{self._name} holds the part {part} twice, and they differ")
        if entry.compress_type not in _PACKINGS:
            raise DamagedFile(f"{self._name}: the part {part} is packed as no Office file may be")
        if entry.flag_bits & 0x1:
            raise EncryptedFile(f"{self._name} is protected with a password; save a copy without one")
        self._room -= entry.file_size
        if self._room < 0:
            raise TooLarge(f"{self._name} unpacks to more than the limit; raise it or split the file")
        # zipfile never yields more than the size the directory states, so the bound holds.
        return self._archive.read(entry)

    def xml(self, part: str) -> Element:
        """The root element of a part, in the transitional namespaces. Raises as `read` does."""
        self._refuse_large(part)
        content = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", self.read(part))
        if content.count(b"<") > 2 * _MAX_ELEMENTS:
            raise TooLarge(f"{self._name}: the part {part} holds more than {_MAX_ELEMENTS:,} elements")
        try:
            root = etree.fromstring(content, _parser())
        except etree.XMLSyntaxError as error:
            raise DamagedFile(f"{self._name}: the part {part} is not well-formed XML ({error})") from error
        if root is None:
            raise DamagedFile(f"{self._name}: the part {part} is empty")
        definition = root.getroottree().docinfo.internalDTD
        if definition is not None and next(definition.iterentities(), None) is not None:
            # No Office program writes them, and what they stand for would be left out in silence.
            raise DamagedFile(f"{self._name}: the part {part} defines entities, which is not allowed")
        return root

    def xml_if_there(self, part: str | None) -> Element | None:
        """As `xml`, or None when the container lacks the part."""
        return self.xml(part) if part and part in self else None

    def relationships(self, part: str = "") -> dict[str, Relationship]:
        """By id, what a part refers to; of the whole package without `part`."""
        if part not in self._relationships:
            self._relationships[part] = self._read_relationships(part)
        return self._relationships[part]

    def _read_relationships(self, part: str) -> dict[str, Relationship]:
        folder, file = posixpath.split(part)
        root = self.xml_if_there(posixpath.join(folder, "_rels", f"{file}.rels"))
        found: dict[str, Relationship] = {}
        for element in root.iterchildren("{*}Relationship") if root is not None else ():
            external = element.get("TargetMode") == "External"
            target = element.get("Target", "")
            found[element.get("Id", "")] = Relationship(
                type=element.get("Type", "").rpartition("/")[2],
                target=target if external else _resolved(folder, target),
                external=external,
            )
        return found

    def related(self, part: str, kind: str) -> list[str]:
        """The names of the existing parts that `part` refers to by relationships of type `kind`."""
        links = [link for link in self.relationships(part).values() if link.type == kind]
        if kind in _TEXTS:
            self._missing.update(link.target for link in links if not link.external)
        return [link.target for link in links if link.target in self]

    def linked(self, link: Relationship | None) -> Element | None:
        """The root element of what a drawing refers to, or None when it is elsewhere or missing."""
        if link is None or link.external:
            return None
        self._missing.add(link.target)
        return self.xml_if_there(link.target)

    def missing(self) -> Iterator[Gap]:
        """The parts that were referred to and are not there, as gaps."""
        for part in sorted(part for part in self._missing if part not in self):
            yield Gap(code="missing-part", message=f"The part {clean(part)[:200]} is missing from the file.")

    def _refuse_large(self, part: str) -> None:
        entry = self._entries.get(_folded(part))
        if entry is not None and entry.file_size > _MAX_XML_BYTES:
            raise TooLarge(f"{self._name}: the part {part} is larger than {_MAX_XML_BYTES} bytes of XML")


@contextmanager
def opened(path: Path, *, limits: Limits) -> Iterator[Container]:
    """The container in a file, for as long as the block lasts.

    This is the edge at which every failure inside the block becomes the right ParseError: the
    ways in which a bad file can break zipfile and lxml are open-ended.
    """
    try:
        _refuse_others(path)
        with ZipFile(path) as archive:
            yield Container(archive, name=path.name, limits=limits)
    except ParseError:
        raise
    except OSError as error:
        if error.errno == errno.EINVAL:
            # zipfile goes where a damaged directory sends it: to before the beginning.
            raise DamagedFile(f"{path.name} cannot be read ({error})") from error
        raise ParseError(f"{path.name} cannot be opened ({error})") from error
    except MemoryError as error:
        raise TooLarge(f"{path.name} does not fit in memory") from error
    except Exception as error:
        raise DamagedFile(f"{path.name} cannot be read ({type(error).__name__}: {error})") from error


def whole(text: str | None, default: int) -> int:
    """The number in an attribute; `default` if it is missing, not a number or beyond belief."""
    try:
        number = int(text) if text else default
    except ValueError:
        return default
    return number if abs(number) <= _MAX_NUMBER else default


def _refuse_others(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(8)
        if start == _OLE_MAGIC:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                # [MS-OFFCRYPTO] 2.3.4: an encrypted document is an OLE file with this stream.
                encrypted = content.find("EncryptedPackage".encode("utf-16-le")) >= 0
            if encrypted:
                raise EncryptedFile(f"{path.name} is protected with a password; save a copy without one")
            raise UnsupportedFormat(f"{path.name} is in an Office format of before 2007; save it anew")
    if not start:
        raise DamagedFile(f"{path.name} is empty")
    if not start.startswith(_ZIP_MAGIC):
        raise DamagedFile(f"{path.name} is not an Office file, whatever its name says")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _key(entry: ZipInfo) -> str:
    """What an entry is found by; empty for one that zipfile itself would not find by its name."""
    return "" if "\0" in entry.orig_filename else _folded(entry.filename)


def _folded(name: str) -> str:
    """A name without regard to case; empty for one that points outside the container."""
    parts = name.replace("\\", "/").lstrip("/").split("/")
    return "" if ".." in parts else "/".join(parts).lower()


def _resolved(folder: str, target: str) -> str:
    path = unquote(target.partition("#")[0].replace("\\", "/"))
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")

"""The suppression list as a file of YAML, read so that whoever keeps it can mend what is wrong with it.

No message repeats what stands in the file, for messages are logged: it says in which line, and what to do.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from kb.errors import InvalidPrivacyList
from kb.plain_yaml import TextLoader
from kb.privacy import PrivacyList, Suppressed, Withheld, glob_pattern
from kb.privacy.names import words_of
from kb.state_files import read_bytes

MAX_BYTES = 1_000_000
_MOST_ENTRIES = 10_000
_LONGEST = 500
# A letter or two stand in every text.
_FEWEST_LETTERS = 3
_ID = re.compile(r"[0-9a-f]{16}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

# Each key with the Dutch word that may stand for it.
_TOP = {"mask": "mask", "maskeren": "mask", "withhold": "withhold", "achterhouden": "withhold",
        "keep": "keep", "tonen": "keep"}  # fmt: skip
_TELLS = {"reason": "reason", "reden": "reason", "date": "date", "datum": "date"}
_MASK = _TELLS | {"name": "name", "naam": "name", "address": "address", "adres": "address",
                  "also": "also", "ook": "also"}  # fmt: skip
_WITHHOLD = _TELLS | {
    "path": "path",
    "pad": "path",
    "glob": "glob",
    "patroon": "glob",
    "document": "document",
}

_Fields = Mapping[str, yaml.Node]


def read_privacy_list(file: Path, *, contacts: Literal["on", "off"]) -> PrivacyList:
    """What the list in a file says; `contacts` is whether addresses and numbers are masked.

    Raises `InvalidPrivacyList` with every fault, or `OSError` for a file that is not there or not to be read.
    """
    data = read_bytes(file)
    if len(data) > MAX_BYTES:
        raise InvalidPrivacyList(f"{file} is longer than {MAX_BYTES / 1e6:g} MB. Shorten it")
    reader = _Reader()
    found = reader.read(data)
    if reader.faults:
        lines = "\n".join(f"  line {line}: {fault}" for line, fault in sorted(reader.faults)[:20])
        raise InvalidPrivacyList(f"{file} cannot be used:\n{lines}")
    return PrivacyList(
        mask=found.mask, withhold=found.withhold, keep=found.keep, hides_contacts=contacts == "on"
    )


class _Reader:
    """Reads one file and gathers what is wrong with it, as (line from 1, what to do)."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, str]] = []

    def read(self, data: bytes) -> PrivacyList:
        root = self._composed(data)
        # A file that holds nothing says nothing; so does one with only comments.
        top = self._fields(root, _TOP, "mask, withhold and keep") if root is not None else {}
        mask = [self._suppressed(one) for one in self._items(top.get("mask"))]
        withhold = [self._withheld(one) for one in self._items(top.get("withhold"))]
        keep = [self._kept(one) for one in self._items(top.get("keep"))]
        return PrivacyList(
            mask=tuple(filter(None, mask)),
            withhold=tuple(filter(None, withhold)),
            keep=frozenset(filter(None, keep)),
        )

    def _composed(self, data: bytes) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(data.decode("utf-8-sig"), Loader=TextLoader)
        except UnicodeDecodeError:
            self.faults.append((1, "it is not UTF-8; save it as UTF-8 in your text editor"))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            told = "see the indentation, colons and quotation marks there and in the line above"
            self.faults.append((line, f"this is no YAML; {told}"))
        except (yaml.YAMLError, RecursionError):
            self.faults.append((1, "it holds characters or a nesting that YAML does not allow"))
        else:
            return root
        return None

    def _fault(self, node: yaml.Node, text: str) -> None:
        self.faults.append((node.start_mark.line + 1, text))

    def _fields(self, node: yaml.Node, known: Mapping[str, str], told: str) -> _Fields:
        """The values of a mapping by the English name of their key."""
        if _is_nothing(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"here must stand keys with values: {told}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = known.get(key.value.strip().casefold()) if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                near = difflib.get_close_matches(str(key.value), known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the keys are {told}"
                self._fault(key, f"this key is not known; {hint}")
            elif name in found:
                self._fault(key, f"the key {name} stands here twice; keep one")
            else:
                found[name] = value
        return found

    def _items(self, node: yaml.Node | None) -> Iterator[yaml.Node]:
        if node is None or _is_nothing(node):
            return
        if not isinstance(node, yaml.SequenceNode):
            self._fault(node, "here must stand a list: every entry on a line that begins with a hyphen")
        elif len(node.value) > _MOST_ENTRIES:
            self._fault(node, f"this list has over {_MOST_ENTRIES} entries")
        else:
            yield from node.value

    def _text(self, node: yaml.Node | None) -> str:
        """A text on one line; "" for what is none, which is put down."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self._fault(node, "here must stand one text")
            return ""
        text = " ".join(node.value.split())
        if not text or _is_nothing(node):
            self._fault(node, "here stands nothing; fill it in, or take the key away")
            return ""
        if len(text) > _LONGEST:
            self._fault(node, f"this is longer than {_LONGEST} characters")
        return text

    def _tells(self, node: yaml.Node, fields: _Fields) -> tuple[str, dt.date]:
        """Why and since when."""
        if "reason" not in fields:
            self._fault(node, "the reason is missing; add a line `reason: why`")
        date = dt.date.min
        if "date" not in fields:
            self._fault(node, "the date is missing; add a line such as `date: 2026-11-25`")
        elif text := self._text(fields["date"]):
            try:
                date = dt.date.fromisoformat(text if _DATE.fullmatch(text) else "")
            except ValueError:
                self._fault(fields["date"], "this is no date; write year, month and day: 2026-11-25")
        return self._text(fields.get("reason")), date

    def _suppressed(self, node: yaml.Node) -> Suppressed | None:
        told = "name or address, also, reason and date"
        fields = self._fields(node, _MASK, told)
        if ("name" in fields) == ("address" in fields):
            self._fault(node, "an entry of mask has a name or an address: one of both")
        reason, date = self._tells(node, fields)
        main = fields.get("name") or fields.get("address")
        texts = [self._name(main)] if main is not None else []
        also = fields.get("also")
        others = [also] if isinstance(also, yaml.ScalarNode) else self._items(also)
        texts += [self._name(one) for one in others]
        kept = tuple(filter(None, texts))
        return Suppressed(texts=kept, reason=reason, date=date) if kept else None

    def _name(self, node: yaml.Node) -> str:
        text = self._text(node)
        letters = sum(map(len, words_of(text)))
        if text and letters < _FEWEST_LETTERS:
            self._fault(
                node,
                f"a name or address has at least {_FEWEST_LETTERS} letters or digits, or it would mask "
                "parts of every text",
            )
            return ""
        return text

    def _withheld(self, node: yaml.Node) -> Withheld | None:
        fields = self._fields(node, _WITHHOLD, "path, glob or document, with reason and date")
        named = [name for name in ("path", "glob", "document") if name in fields]
        if len(named) != 1:
            self._fault(node, "an entry of withhold has a path, a glob or a document: one of these")
        reason, date = self._tells(node, fields)
        if len(named) != 1 or not (text := self._text(fields[named[0]])):
            return None
        if fault := _document_fault(named[0], text):
            self._fault(fields[named[0]], fault)
            return None
        told: dict[str, Any] = {named[0]: unicodedata.normalize("NFC", text)}
        return Withheld(reason=reason, date=date, **told)

    def _kept(self, node: yaml.Node) -> str:
        text = self._text(node)
        if text and "@" not in text and sum(letter.isdigit() for letter in text) < _FEWEST_LETTERS:
            self._fault(node, "keep holds e-mail addresses and telephone numbers; this is neither")
        return text


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value.strip() in ("", "~", "null")


def _document_fault(kind: str, text: str) -> str:
    """What is wrong with a text that is to name documents; "" where nothing is."""
    if kind == "document":
        return (
            "" if _ID.fullmatch(text) else "a document's id has 16 digits and letters a to f; see its address"
        )
    parts = text.split("/")
    if "\\" in text:
        return "write folders with / between them, not \\"
    if text.startswith("/") or re.match(r"[A-Za-z]:", text) or ".." in parts or "." in parts:
        return "write the path within the folder with the documents, such as 2024/verslag.pdf"
    if kind == "path" and (text.endswith("/") or any(sign in text for sign in "*?")):
        return "a path names one file; for more of them write `glob:`, such as glob: 2019/**"
    if kind == "glob" and ("[" in text or glob_pattern(text).fullmatch("") or not re.search(r"[^*?/]", text)):
        return "a glob has letters, and *, ** or ? for what may stand there, such as glob: 2019/**"
    return ""

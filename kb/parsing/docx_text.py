"""The text of Word paragraphs: fields, tracked changes, alternatives, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kb.parsing.cleaning import clean
from kb.parsing.containers import Element
from kb.parsing.docx_styles import W, is_on
from kb.parsing.drawings import MC, A

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_V = "{urn:schemas-microsoft-com:vml}"
_O = "{urn:schemas-microsoft-com:office:office}"
_CHARACTERS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_SKIPPED = frozenset(
    f"{W}{name}"
    for name in (
        "del",
        "moveFrom",
        "rPr",
        "pPr",
        "instrText",
        "delText",
        "sdtPr",
        "sdtEndPr",
        "rt",
        "numberingChange",
    )
)
# Numbers of pages change with the printer, and contents repeat the headings.
_SILENT_FIELDS = ("PAGE", "NUMPAGES", "SECTIONPAGES", "PAGEREF", "TOC")


@dataclass(slots=True)
class Paragraph:
    """The text of a paragraph and what it refers to. `bold` says that all of it is."""

    text: str = ""
    bold: bool = False
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    graphics: list[Element] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    has_picture: bool = False


@dataclass(slots=True)
class _Field:
    code: str = ""
    in_result: bool = False

    @property
    def is_silent(self) -> bool:
        word = self.code.strip().partition(" ")[0].upper()
        return not self.in_result or word in _SILENT_FIELDS


class TextReader:
    """Reads the paragraphs of one part in order: a field may begin in one and end in another."""

    def __init__(self, root: Element) -> None:
        self._fields: list[_Field] = []
        kinds = [mark.get(f"{W}fldCharType") for mark in root.iter(f"{W}fldChar")]
        # A field that never ends would silence the rest of the document.
        self._sound = kinds.count("begin") == kinds.count("end")

    def read(self, element: Element) -> Paragraph:
        """The paragraph as it is shown."""
        paragraph, parts, weights = Paragraph(), [], []
        for text, bold in self._pieces(element, paragraph, bold=None):
            parts.append(text)
            if text.strip():
                weights.append(bold)
        paragraph.text = clean("".join(parts))
        paragraph.bold = bool(weights) and all(weights)
        return paragraph

    def _pieces(
        self, element: Element, found: Paragraph, *, bold: bool | None
    ) -> Iterator[tuple[str, bool | None]]:
        for child in element.iterchildren("*"):
            tag = child.tag
            if tag in (f"{W}t", f"{_M}t"):
                if not self._silent():
                    yield child.text or "", bold
            elif tag == f"{W}r":
                weight = child.find(f"{W}rPr/{W}b")
                yield from self._pieces(child, found, bold=bold if weight is None else is_on(weight))
            elif tag in _CHARACTERS:
                yield _CHARACTERS[tag], bold
            elif tag == f"{MC}AlternateContent":
                yield from self._alternative(child, found, bold=bold)
            elif tag in _SKIPPED or (tag == f"{W}sdt" and is_prompt(child)):
                continue
            elif not self._mark(child, found) and not (
                tag == f"{W}fldSimple" and self._is_silent_code(child)
            ):
                yield from self._pieces(child, found, bold=bold)

    def _mark(self, element: Element, found: Paragraph) -> bool:
        """Notes what is not text itself; whether the element is dealt with."""
        tag = element.tag
        if tag == f"{W}fldChar":
            self._turn(element.get(f"{W}fldCharType"), element.getparent())
        elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
            found.notes.append((tag.removeprefix(W)[:-9], element.get(f"{W}id", "")))
        elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
            found.boxes += list(_outermost_boxes(element))
            found.graphics += list(element.iter(f"{A}graphicData"))
            found.has_picture = found.has_picture or any(
                True for _ in element.iter(f"{A}blip", f"{_V}imagedata")
            )
            found.objects += [
                ole.get("ProgID") or "unknown program" for ole in element.iter(f"{_O}OLEObject")
            ]
        else:
            return False
        return True

    def _alternative(
        self, element: Element, found: Paragraph, *, bold: bool | None
    ) -> Iterator[tuple[str, bool | None]]:
        """The first alternative only: the others say the same for older programs."""
        for option in element.iterchildren(f"{MC}Choice", f"{MC}Fallback"):
            if len(option):
                yield from self._pieces(option, found, bold=bold)
                return

    def _turn(self, kind: str | None, run: Element) -> None:
        if kind == "begin":
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            self._fields[-1].in_result = True
        elif kind == "end" and self._fields:
            self._fields.pop()
        if self._fields and not self._fields[-1].in_result:
            self._fields[-1].code += self._code_after(run)

    def _code_after(self, run: Element) -> str:
        """The instruction of the field that begins in this run."""
        code = [text.text or "" for text in run.iter(f"{W}instrText")]
        for sibling in run.itersiblings(f"{W}r"):
            if sibling.find(f"{W}fldChar") is not None:
                break
            code += [text.text or "" for text in sibling.iterchildren(f"{W}instrText")]
        return "".join(code)

    def _silent(self) -> bool:
        return self._sound and any(one.is_silent for one in self._fields)

    @staticmethod
    def _is_silent_code(element: Element) -> bool:
        return _Field(element.get(f"{W}instr", ""), in_result=True).is_silent


def is_prompt(control: Element) -> bool:
    """Whether a content control shows only what to fill in, or is a table of contents."""
    for properties in control.iterchildren(f"{W}sdtPr"):
        gallery = properties.find(f"{W}docPartObj/{W}docPartGallery")
        if gallery is not None and gallery.get(f"{W}val") == "Table of Contents":
            return True
        if is_on(properties.find(f"{W}showingPlcHdr")):
            return True
    return False


def _outermost_boxes(element: Element) -> Iterator[Element]:
    """Text boxes, without those inside another or inside an alternative that is not used."""
    for child in element.iterchildren("*"):
        if child.tag == f"{W}txbxContent":
            yield child
        elif child.tag == f"{MC}AlternateContent":
            for option in child.iterchildren(f"{MC}Choice", f"{MC}Fallback"):
                if len(option):
                    yield from _outermost_boxes(option)
                    break
        else:
            yield from _outermost_boxes(child)

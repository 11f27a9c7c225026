"""What stands where in a source, found without this package's readers.

Poppler and Tesseract for PDF, the standard library for the rest: the XML parts of office files through
zipfile and ElementTree, HTML through html.parser, mail through email, Markdown and text by their lines.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from functools import cached_property, partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Protocol
from xml.etree import ElementTree as ET

from kb.documents import Locator, Part

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _DRAW, _OFFICE = f"{_OASIS}text:1.0}}", f"{_OASIS}drawing:1.0}}", f"{_OASIS}office:1.0}}"
_TABLE, _PRESENTATION = f"{_OASIS}table:1.0}}", f"{_OASIS}presentation:1.0}}"

_XLINK = "{http://www.w3.org/1999/xlink}"

# Where a passage starts with bare headings, its own place is some lines further.
_HEADINGS_AHEAD = 12
_WORD = re.compile(r"[^\W_]+")


def key(text: str) -> str:
    """Letters and digits alone: ligatures, hyphenation, case and white space make no difference."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def words(text: str) -> list[str]:
    """The words of a text, those that a hyphen breaks at a line's end made whole."""
    whole = re.sub(r"(?<=[^\W\d_])[-\u2010\u00ad]\n\s*(?=[^\W\d_])", "", text)
    return [key(word) for word in _WORD.findall(unicodedata.normalize("NFKC", whole).replace("\u00ad", ""))]


class Extraction(Protocol):
    """A source's text by place."""

    def at(self, locator: Locator) -> Sequence[str]:
        """What stands at a place, in one or more orders of reading; nothing when it does not exist."""
        ...

    def content(self) -> str:
        """All text that a reader of the document would miss if it were not found."""
        ...


def extract(file: Path, *, recognise: bool = False) -> Extraction:
    """The extraction of a file. `recognise`: a PDF is a scan, to be read by Tesseract."""
    head = file.read_bytes()[:1_024]
    suffix = "pdf" if b"%PDF-" in head else file.suffix.lower().lstrip(".")
    if suffix == "pdf":
        return _Pages(_recognised(file) if recognise else _printed(file))
    return _READERS[suffix](file)


# --- PDF -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pages:
    """Pages, each in one or more orders of reading."""

    orders: Sequence[Sequence[str]]

    def at(self, locator: Locator) -> Sequence[str]:
        number = locator.page or 0
        return [pages[number - 1] for pages in self.orders if 0 < number <= len(pages)]

    def content(self) -> str:
        """Without the lines at the top and foot of pages that come back on at least three of them."""
        pages = [[line.strip() for line in page.splitlines() if line.strip()] for page in self.orders[0]]
        edges = [lines[:4] + lines[-4:] for lines in pages]
        counts = Counter(shape for lines in edges for shape in {_shape(line) for line in lines})
        kept = []
        for lines in pages:
            for number, line in enumerate(lines):
                is_edge = number < 4 or number >= len(lines) - 4
                if not (is_edge and (counts[_shape(line)] >= 3 or _shape(line) in ("", "#"))):
                    kept.append(line)
        return "\n".join(kept)


def _shape(line: str) -> str:
    """A line without its numbers, as a running header is the same on each page."""
    return re.sub(r"\d+", "#", key(line))


def _printed(file: Path) -> list[list[str]]:
    """Each page as pdftotext reads it: by its layout analysis, in the file's order, and line by line."""
    orders = []
    for mode in ([], ["-raw"], ["-layout"]):
        done = subprocess.run(
            ["pdftotext", *mode, "-enc", "UTF-8", file, "-"], capture_output=True, check=True
        )
        orders.append(done.stdout.decode("utf-8", "replace").removesuffix("\f").split("\f"))
    return orders


def _recognised(file: Path) -> list[list[str]]:
    """Each page as Tesseract reads the picture that pdftoppm makes of it."""
    count = len(_printed(file)[0])
    pages = []
    for number in range(1, count + 1):
        only = ["-f", str(number), "-l", str(number)]
        picture = subprocess.run(
            ["pdftoppm", *only, "-r", "250", "-gray", "-png", file], capture_output=True, check=True
        )
        done = subprocess.run(
            ["tesseract", "-", "-", "-l", "nld+eng"], input=picture.stdout, capture_output=True, check=True
        )
        pages.append(done.stdout.decode())
    return [pages]


def has_programs() -> bool:
    """Whether Poppler is there, without which no PDF can be checked."""
    return shutil.which("pdftotext") is not None and shutil.which("pdftoppm") is not None


# --- parts of office files ----------------------------------------------------------------------------


def _xml(archive: zipfile.ZipFile, part: str) -> ET.Element:
    return ET.fromstring(archive.read(part))  # noqa: S314 - known files


# --- slides --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Slide:
    body: str
    notes: str
    tables: str


@dataclass(frozen=True)
class _Slides:
    slides: Sequence[_Slide]

    def at(self, locator: Locator) -> Sequence[str]:
        if not 0 < (locator.slide or 0) <= len(self.slides):
            return []
        slide = self.slides[(locator.slide or 0) - 1]
        match locator.part:
            case Part.NOTES:
                return [slide.notes]
            case Part.TABLE:
                # A table is read under the title of its slide.
                titles = [heading for heading in locator.headings if key(heading) in key(slide.body)]
                return ["\n".join([*titles, slide.tables])]
        return [slide.body]

    def content(self) -> str:
        return "\n".join(f"{slide.body}\n{slide.notes}" for slide in self.slides)


def _pptx_slides(file: Path) -> Iterator[_Slide]:
    with zipfile.ZipFile(file) as archive:
        show = _xml(archive, "ppt/presentation.xml")
        links = _links(archive, "ppt/presentation.xml")
        for entry in show.iter(f"{_P}sldId"):
            part = links[entry.attrib[f"{_R}id"]]
            root = _xml(archive, part)
            notes, graphics = "", ""
            for target in _links(archive, part).values():
                if "/notesSlides/" in target:
                    notes = _drawn(_xml(archive, target))
                elif "/charts/chart" in target or "/diagrams/data" in target:
                    graphics += "\n" + _drawn(_xml(archive, target))
            tables = "\n".join(_drawn(table) for table in root.iter(f"{_A}tbl"))
            yield _Slide(body=_drawn(root) + graphics, notes=notes, tables=tables + graphics)


def _links(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """The parts that a part refers to, by the name it has for them."""
    path = PurePosixPath(part)
    name = f"{path.parent}/_rels/{path.name}.rels"
    if name not in archive.namelist():
        return {}
    found = {}
    for link in _xml(archive, name):
        if link.get("TargetMode") != "External":
            target = link.attrib["Target"]
            whole = target.lstrip("/") if target.startswith("/") else f"{path.parent}/{target}"
            steps: list[str] = []
            for step in whole.split("/"):
                steps = steps[:-1] if step == ".." else [*steps, step]
            found[link.attrib["Id"]] = "/".join(steps)
    return found


def _drawn(root: ET.Element) -> str:
    """The paragraphs of DrawingML and the values of a chart, without slide numbers, footers and dates."""
    lines: list[str] = []

    def walk(element: ET.Element) -> None:
        if element.tag == _FALLBACK:
            return
        if element.tag == f"{_P}sp" and _is_furniture(element):
            return
        if element.tag == f"{_A}p":
            lines.append("".join(_runs(element)))
        elif element.tag == f"{_C}v":
            lines.append((element.text or "").removesuffix(".0"))
        else:
            for child in element:
                walk(child)

    walk(root)
    return "\n".join(lines)


def _runs(paragraph: ET.Element) -> Iterator[str]:
    for element in paragraph.iter():
        if element.tag == f"{_A}fld" and element.get("type") == "slidenum":
            for run in element:
                run.text = None
        elif element.tag in (f"{_A}t", f"{_M}t"):
            yield element.text or ""
        elif element.tag == f"{_A}br":
            yield " "


def _is_furniture(shape: ET.Element) -> bool:
    kinds = [mark.get("type") for mark in shape.iter(f"{_P}ph")]
    return any(kind in ("sldNum", "dt", "ftr", "hdr") for kind in kinds)


def _odp_slides(file: Path) -> Iterator[_Slide]:
    with zipfile.ZipFile(file) as archive:
        root = _xml(archive, "content.xml")
        objects = {
            name.split("/")[0]: _xml(archive, name)
            for name in archive.namelist()
            if re.fullmatch(r"Object [^/]+/content\.xml", name)
        }
    for page in root.iter(f"{_DRAW}page"):
        notes = [part for part in page if part.tag == f"{_PRESENTATION}notes"]
        spoken = "\n".join(text for part in notes for _, text in _odf_entries(part, {}))
        for part in notes:
            page.remove(part)
        for frame in list(page):
            if frame.get(f"{_PRESENTATION}class") in ("footer", "header", "date-time", "page-number"):
                page.remove(frame)
        links = [found.get(f"{_XLINK}href", "").removeprefix("./") for found in page.iter(f"{_DRAW}object")]
        charts = "\n".join(
            text for link in links if link in objects for _, text in _odf_entries(objects[link], {})
        )
        rows = "\n".join(text for table in page.iter(f"{_TABLE}table") for _, text in _odf_entries(table, {}))
        body = "\n".join(text for _, text in _odf_entries(page, {}))
        yield _Slide(body=f"{body}\n{charts}", notes=spoken, tables=f"{rows}\n{charts}")


# --- running text under headings -----------------------------------------------------------------------

# The level of a heading, None for other paragraphs.
Entry = tuple[int | None, str]
_NOTE = 10


@dataclass(frozen=True)
class _Outline:
    """Paragraphs in the order of the file; those that the file marks as headings with their level."""

    entries: Sequence[Entry]
    main: Sequence[Entry] = ()

    def at(self, locator: Locator) -> Sequence[str]:
        """What stands under a heading path, up to the next heading of the same level or a higher one."""
        if not locator.headings:
            return _readings(self.entries)
        found = []
        for start in self._starts([key(heading) for heading in locator.headings]):
            level = self.entries[start][0] or _NOTE - 1
            end = start + 1
            while end < len(self.entries) and (self.entries[end][0] or _NOTE) > level:
                end += 1
            path: list[Entry] = [(None, heading) for heading in locator.headings]
            found += _readings([*path, *self.entries[start:end]])
        return found

    def _starts(self, wanted: list[str]) -> Iterator[int]:
        """Where the last heading of the path stands with the others above it."""
        marked = {key(text) for level, text in self.entries if level is not None}
        above: list[tuple[int, str]] = []
        seen: set[str] = set()
        for number, (level, text) in enumerate(self.entries):
            own = key(text)
            if level is not None and level != _NOTE:
                above = [entry for entry in above if entry[0] < level] + [(level, own)]
            open_now = {heading for _, heading in above}
            parents = wanted[:-1]
            if own == wanted[-1] and all(one in (open_now if one in marked else seen) for one in parents):
                yield number
            seen.add(own)

    def content(self) -> str:
        return "\n".join(text for _, text in self.main or self.entries)


def _readings(entries: Sequence[Entry]) -> list[str]:
    """The text with each note below the paragraph that refers to it, and without the notes."""
    return [
        "\n".join(text for _, text in entries),
        "\n".join(text for level, text in entries if level != _NOTE),
    ]


def _is_heading(text: str) -> bool:
    """A sentence with the style of a heading left on is none."""
    sentence = len(text) > 60 and text.endswith((".", ":", "!"))
    return bool(text) and not (sentence or len(text) > 200 or text.endswith((",", ";")) or "://" in text)


def _docx_entries(file: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(file) as archive:
        parts = archive.namelist()
        levels = _docx_levels(_xml(archive, "word/styles.xml")) if "word/styles.xml" in parts else {}
        notes: dict[tuple[str, str], str] = {}
        for kind in ("footnote", "endnote"):
            if f"word/{kind}s.xml" in parts:
                for note in _xml(archive, f"word/{kind}s.xml").iter(f"{_W}{kind}"):
                    text = "\n".join(text for _, text in _paragraphs(note, {}, {}))
                    notes[kind, note.get(f"{_W}id", "")] = text
        yield from _paragraphs(_xml(archive, "word/document.xml"), levels, notes)


def _docx_levels(styles: ET.Element) -> dict[str, int]:
    """The level of each style that is a heading, by its own outline level or the style it is based on.

    0 stands for the styles of a table of contents, which repeats headings.
    """
    based, own = {}, {}
    for style in styles.iter(f"{_W}style"):
        name = style.get(f"{_W}styleId", "")
        shown = (found.get(f"{_W}val", "") if (found := style.find(f"{_W}name")) is not None else "").lower()
        parent, outline = style.find(f"{_W}basedOn"), style.find(f"{_W}pPr/{_W}outlineLvl")
        based[name] = parent.get(f"{_W}val") if parent is not None else None
        if heading := re.fullmatch(r"heading (\d)", shown):
            own[name] = int(heading[1])
        elif shown == "title":
            own[name] = 1
        elif shown.startswith("toc "):
            own[name] = 0
        elif outline is not None and int(outline.get(f"{_W}val", "9")) < 9:
            own[name] = int(outline.get(f"{_W}val", "9")) + 1
    found = {}
    for name in based:
        at: str | None = name
        for _ in range(20):
            if at is None or at in own:
                break
            at = based.get(at)
        if at in own:
            found[name] = own[at]
    return found


def _paragraphs(
    root: ET.Element, levels: dict[str, int], notes: dict[tuple[str, str], str]
) -> Iterator[Entry]:
    """The paragraphs in order, each followed by its notes and by those of the text boxes in it."""
    for element in root:
        if element.tag == _FALLBACK or element.tag in (f"{_W}del", f"{_W}moveFrom"):
            continue
        if element.tag != f"{_W}p":
            yield from _paragraphs(element, levels, notes)
            continue
        text, attached, boxes = _docx_text(element)
        style = element.find(f"{_W}pPr/{_W}pStyle")
        level = levels.get(style.get(f"{_W}val", "")) if style is not None else None
        direct = element.find(f"{_W}pPr/{_W}outlineLvl")
        if level is None and direct is not None and int(direct.get(f"{_W}val", "9")) < 9:
            level = int(direct.get(f"{_W}val", "9")) + 1
        if level != 0:
            yield level if level and _is_heading(text.strip()) else None, text
        yield from ((_NOTE, notes[reference]) for reference in attached if reference in notes)
        for box in boxes:
            yield from _paragraphs(box, levels, notes)


def _docx_text(paragraph: ET.Element) -> tuple[str, list[tuple[str, str]], list[ET.Element]]:
    parts: list[str] = []
    notes: list[tuple[str, str]] = []
    boxes: list[ET.Element] = []
    spaces = {f"{_W}{name}" for name in ("tab", "br", "cr", "ptab")}

    def walk(element: ET.Element) -> None:
        for child in element:
            if child.tag in (_FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr"):
                continue
            if child.tag == f"{_W}txbxContent":
                boxes.append(child)
            elif child.tag in (f"{_W}t", f"{_M}t"):
                parts.append(child.text or "")
            elif child.tag in spaces:
                parts.append(" ")
            elif child.tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
                kind = child.tag.removeprefix(_W).removesuffix("Reference")
                notes.append((kind, child.get(f"{_W}id", "")))
            else:
                walk(child)

    walk(paragraph)
    return "".join(parts), notes, boxes


def _odt_entries(file: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(file) as archive:
        root = _xml(archive, "content.xml")
        common = _xml(archive, "styles.xml")
    styles = [*common.iter(), *root.iter()]
    names = {
        style.get(f"{_OASIS}style:1.0}}name", ""): style
        for style in styles
        if style.tag.endswith("style:1.0}style")
    }
    levels = {}
    for name in names:
        at = name
        for _ in range(20):
            style = names.get(at)
            if style is None or at == "Title":
                break
            if (level := style.get(f"{_OASIS}style:1.0}}default-outline-level")) and level.isdigit():
                levels[name] = int(level)
                break
            at = style.get(f"{_OASIS}style:1.0}}parent-style-name", "")
        if at == "Title":
            levels[name] = 1
    (body,) = root.iter(f"{_OFFICE}body")
    yield from _odf_entries(body, levels)


def _odf_entries(root: ET.Element, levels: dict[str, int]) -> Iterator[Entry]:
    skipped = {f"{_OFFICE}annotation", f"{_TEXT}tracked-changes", f"{_TEXT}table-of-content"}
    for element in root:
        if element.tag in skipped:
            continue
        if element.tag not in (f"{_TEXT}p", f"{_TEXT}h"):
            yield from _odf_entries(element, levels)
            continue
        text, hanging = _odf_text(element)
        level = levels.get(element.get(f"{_TEXT}style-name", ""))
        if element.tag == f"{_TEXT}h":
            level = int(element.get(f"{_TEXT}outline-level", "1"))
        yield level if level and _is_heading(text.strip()) else None, text
        for one in hanging:
            yield from _odf_entries(one, levels)


def _odf_text(paragraph: ET.Element) -> tuple[str, list[ET.Element]]:
    """What is shown, and the notes and frames that hang on it. Page numbers depend on the printer."""
    parts: list[str] = []
    hanging: list[ET.Element] = []
    silent = {f"{_OFFICE}annotation", f"{_TEXT}page-number", f"{_TEXT}page-count", f"{_TEXT}note-citation"}

    def walk(element: ET.Element) -> None:
        parts.append(element.text or "")
        for child in element:
            if child.tag in (f"{_TEXT}s", f"{_TEXT}tab", f"{_TEXT}line-break"):
                parts.append(" ")
            elif child.tag == f"{_TEXT}note" or child.tag.startswith(_DRAW):
                hanging.append(child)
            elif child.tag not in silent:
                walk(child)
            parts.append(child.tail or "")

    walk(paragraph)
    return "".join(parts), hanging


# --- HTML ----------------------------------------------------------------------------------------------


_INLINE_TAGS = """
    a abbr b bdi bdo br cite code data del dfn em font i img input ins kbd label mark q s samp small span
    strong sub sup time tt u var wbr
"""


class _Page(HTMLParser):
    """Gathers text until a block element begins or ends."""

    _SILENT = frozenset(("script", "style", "nav", "template", "noscript", "head", "svg", "select", "button"))
    _INLINE = frozenset(_INLINE_TAGS.split())

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.inside: list[int] = []
        self._parts: list[str] = []
        self._silent: list[str] = []
        self._main = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._SILENT:
            self._silent.append(tag)
        if tag == "main":
            self._main += 1
        if tag == "br":
            self._parts.append(" ")
        if tag not in self._INLINE:
            self._end(None)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()
        if tag not in self._INLINE:
            self._end(int(tag[1]) if re.fullmatch(r"h[1-6]", tag) else None)
        if tag == "main":
            self._main -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data)

    def _end(self, level: int | None) -> None:
        text = " ".join("".join(self._parts).split())
        if text:
            if self._main:
                self.inside.append(len(self.entries))
            self.entries.append((level if level and _is_heading(text) else None, text))
        self._parts = []


def _html(file: Path) -> _Outline:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8", errors="replace"))
    page.close()
    return _Outline(page.entries, main=[page.entries[number] for number in page.inside])


# --- lines ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lines:
    text: str
    markdown: bool

    @cached_property
    def _plain(self) -> list[str]:
        return (_without_marks(self.text) if self.markdown else self.text).split("\n")

    def at(self, locator: Locator) -> Sequence[str]:
        """The file from a line on, below the headings above it and the header of a table it is in.

        Nothing when the headings do not stand there in their order: above, or a few lines further where
        a passage starts with them.
        """
        line = locator.line
        if line is None or line > len(self._plain):
            return []
        around = key("\n".join(self._plain[: line + _HEADINGS_AHEAD]))
        place = 0
        for heading in locator.headings:
            place = around.find(key(heading), place)
            if place < 0:
                return []
        start = line - 1
        while start > 0 and "|" in self._plain[start - 1]:
            start -= 1
        found = "\n".join([*locator.headings, self._plain[start], *self._plain[line - 1 :]])
        return [found, "\n".join(self.text.split("\n")[line - 1 :])]

    def content(self) -> str:
        """Without front matter, attributes, the numbers of lists and the descriptions of pictures."""
        if not self.markdown:
            return self.text
        lines = self.text.split("\n")
        if lines[:1] == ["---"] and "---" in lines[1:]:
            lines = lines[lines.index("---", 1) + 1 :]
        text = _without_marks("\n".join(lines), pictures=False)
        text = re.sub(r"\{:?[^{}\n]*\}|^ *(?:\?\?\?\+?|!!!|===) *[\w-]*", "", text, flags=re.MULTILINE)
        return re.sub(r"^\s*\d+[.)] ", "", text, flags=re.MULTILINE)


def _without_marks(text: str, *, pictures: bool = True) -> str:
    """Markdown without addresses and HTML, each line where it was."""

    def blank(found: re.Match[str]) -> str:
        return "\n" * found[0].count("\n")

    address = r"(?:\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\[\]\n]*\])"
    text = re.sub(r"<!--.*?-->", blank, text, flags=re.DOTALL)
    if not pictures:
        text = re.sub(rf"!\[[^\[\]]*\]{address}", "", text)
    text = re.sub(r"</?[A-Za-z][\w-]*(?:\s[^<>]*|=[^<>]*)?/?>", blank, text)
    # Twice: a picture may stand inside a link.
    for _ in range(2):
        text = re.sub(rf"!?\[([^\[\]]*)\]{address}", r"\1", text)
    text = re.sub(r"\[\^[^\[\]\s]+\]:?", "", text)
    text = re.sub(r"^ {0,3}\[[^\[\]^]+\]:\s*\S+.*$", "", text, flags=re.MULTILINE)
    return html.unescape(text)


# --- mail ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Mail:
    data: bytes

    def at(self, locator: Locator) -> Sequence[str]:
        message = message_from_bytes(self.data, policy=policy.default)
        return [self.content()] if list(locator.headings[:1]) == [str(message["Subject"])] else []

    def content(self) -> str:
        message = message_from_bytes(self.data, policy=policy.default)
        shown = [
            str(message["Subject"]),
            *(f"{name}: {message[name]}" for name in ("From", "To", "Cc", "Date") if message[name]),
        ]
        body = message.get_body(("plain", "html"))
        return "\n".join([*shown, body.get_content() if body is not None else ""])


def _text(file: Path, *, markdown: bool) -> _Lines:
    return _Lines(file.read_text(encoding="utf-8-sig"), markdown=markdown)


_READERS: dict[str, Callable[[Path], Extraction]] = {
    "pptx": lambda file: _Slides(list(_pptx_slides(file))),
    "odp": lambda file: _Slides(list(_odp_slides(file))),
    "docx": lambda file: _Outline(list(_docx_entries(file))),
    "odt": lambda file: _Outline(list(_odt_entries(file))),
    "html": _html,
    "md": partial(_text, markdown=True),
    "mdown": partial(_text, markdown=True),
    "txt": partial(_text, markdown=False),
    "eml": lambda file: _Mail(file.read_bytes()),
}


# --- the comparison ------------------------------------------------------------------------------------


def lost(text: str, places: Sequence[str], *, any_order: bool = False) -> list[str]:
    """The lines of a passage that do not stand in any of these readings of its place.

    The cells of a table row are looked for one by one, as its header is repeated before each. With
    `any_order`, words of a line may be read in another order there, as long as all of them stand there
    and at least half of those that are neighbours in the line are neighbours there.
    """
    keys = [key(place) for place in places]
    return [
        line
        for line in text.split("\n")
        if not _stands(line, keys) and not (any_order and any(_in_any_order(line, place) for place in keys))
    ]


def _stands(line: str, places: Sequence[str]) -> bool:
    def there(part: str) -> bool:
        return any(part in place for place in places)

    if there(key(line)):
        return True
    for cell in re.split(r" \| |; ", line):
        cuts = [found.start() for found in re.finditer(": ", cell)]
        halves = ((key(cell[:cut]), key(cell[cut:])) for cut in cuts)
        if not there(key(cell)) and not any(there(one) and there(other) for one, other in halves):
            return False
    return True


def _in_any_order(line: str, place: str) -> bool:
    found = words(line)
    pairs = [one + other for one, other in pairwise(found)]
    apart = sum(pair not in place for pair in pairs)
    return all(word in place for word in found) and apart <= max(2, len(pairs) // 2)


def unread(content: str, texts: Iterable[str]) -> Counter[str]:
    """The words of a content that a document's passages lack, with how often."""
    return Counter(words(content)) - Counter(word for text in texts for word in words(text))


def merged(spans: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    """The texts of passages in order, each without what it repeats of the one before it."""
    if spans:
        yield spans[0][2]
    for (_, before, _), (start, _, text) in pairwise(spans):
        yield text[max(0, before - start) :]

"""What the styles of a Word document make of a paragraph: a heading, a list item, bold text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kb.parsing.containers import Element, whole

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

# "Heading 11" is what Word makes of a second "Heading 1" when documents are merged.
_HEADING_NAME = re.compile(r"(?:heading|kop|überschrift|titre)\s*([1-9])\d?", re.IGNORECASE)
_CONTENTS_NAME = re.compile(
    r"""(?:toc|inhopg|contents|inhoudsopgave)\s*\d+
    |(?:toc|contents)\ heading|kop(?:\ van)?\ inhoudsopgave|table\ of\ figures""",
    re.IGNORECASE | re.VERBOSE,
)
_TITLE_NAMES = ("title", "titel")
_CAPTION_NAMES = ("caption", "bijschrift", "list paragraph", "lijstalinea")
_BODY_LEVEL = 9
_MAX_CHAIN = 30
_OFF = ("0", "false", "off", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A paragraph or table style with what it takes over from the styles it is based on.

    `level` is that of a heading, from 1. `acts_as_heading` is a custom style that is kept
    with the next paragraph, stands out and is followed by another style: what headings do
    in templates whose makers did not mark them as such. `size` is in half points.
    """

    name: str = ""
    level: int | None = None
    body_text: bool = False
    listed: bool = False
    list_level: int = 0
    bold: bool = False
    size: int = 0
    keeps_with_next: bool = False
    custom: bool = False
    followed_by_other: bool = False
    header_row: bool = False

    @property
    def is_title(self) -> bool:
        """Whether it is the style of the document's title."""
        return self.name in _TITLE_NAMES

    @property
    def is_contents(self) -> bool:
        """Whether it is the style of a table of contents."""
        return _CONTENTS_NAME.fullmatch(self.name) is not None


class Styles:
    """All styles of a document, each worked out once."""

    def __init__(self, root: Element | None) -> None:
        elements = list(root.iterchildren(f"{W}style")) if root is not None else []
        self._elements = {element.get(f"{W}styleId"): element for element in elements}
        self._known: dict[str | None, Style] = {}
        self._default: str | None = None
        for element in elements:
            if element.get(f"{W}type") == "paragraph" and element.get(f"{W}default") in {"1", "true", "on"}:
                self._default = element.get(f"{W}styleId")
        sizes = root.findall(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}sz") if root is not None else []
        self._size = self.of(None).size or next((_number(size, 20) for size in sizes), 20)

    def of(self, identifier: str | None) -> Style:
        """The style with this id, or the default one."""
        key = identifier if identifier in self._elements else self._default
        if key not in self._known:
            self._known[key] = self._resolve(key)
        return self._known[key]

    def heading_level(self, paragraph: Element, style: Style) -> int | None:
        """From the paragraph itself, its style, or how its style behaves. The title is 1."""
        own = paragraph.find(f"{W}pPr/{W}outlineLvl")
        if own is not None:
            level = _number(own, _BODY_LEVEL)
            return level + 1 if level < _BODY_LEVEL else None
        if style.level is not None or style.is_title:
            return style.level or 1
        return style.list_level + 1 if self._acts_as_heading(style) else None

    def _acts_as_heading(self, style: Style) -> bool:
        stands_out = style.bold or style.size > self._size or style.listed
        return (
            style.custom
            and style.keeps_with_next
            and style.followed_by_other
            and stands_out
            and not style.body_text
            and style.name not in _CAPTION_NAMES
        )

    def _resolve(self, identifier: str | None) -> Style:
        chain: list[Element] = []
        key = identifier
        while key in self._elements and len(chain) < _MAX_CHAIN:
            element = self._elements[key]
            if element in chain:
                break
            chain.append(element)
            base = element.find(f"{W}basedOn")
            key = base.get(f"{W}val") if base is not None else None
        style = Style()
        for element in reversed(chain):
            style = _applied(style, element)
        return style


def is_on(element: Element | None) -> bool:
    """Whether a switch such as w:b is there and not turned off."""
    return element is not None and element.get(f"{W}val", "1") not in _OFF


def _applied(base: Style, element: Element) -> Style:
    """A style as its element changes the one it is based on."""
    name = element.find(f"{W}name")
    following = element.find(f"{W}next")
    changes: dict[str, object] = {
        "name": name.get(f"{W}val", "").strip().lower() if name is not None else "",
        "custom": element.get(f"{W}customStyle") in {"1", "true", "on"},
        "followed_by_other": following is not None and following.get(f"{W}val") != element.get(f"{W}styleId"),
    }
    bold, size, keep = (
        element.find(path) for path in (f"{W}rPr/{W}b", f"{W}rPr/{W}sz", f"{W}pPr/{W}keepNext")
    )
    if bold is not None:
        changes["bold"] = is_on(bold)
    if size is not None:
        changes["size"] = _number(size, 0)
    if keep is not None:
        changes["keeps_with_next"] = is_on(keep)
    for look in element.iterchildren(f"{W}tblStylePr"):
        if look.get(f"{W}type") == "firstRow":
            changes["header_row"] = any(True for _ in look.iter(f"{W}b", f"{W}shd"))
    return replace(base, **changes, **_list_changes(element), **_level_changes(element, str(changes["name"])))  # type: ignore[arg-type]


def _list_changes(element: Element) -> dict[str, object]:
    number = element.find(f"{W}pPr/{W}numPr")
    if number is None:
        return {}
    identifier, level = number.find(f"{W}numId"), number.find(f"{W}ilvl")
    changes: dict[str, object] = {"list_level": _number(level, 0)} if level is not None else {}
    return changes | ({"listed": _number(identifier, 0) > 0} if identifier is not None else {})


def _level_changes(element: Element, name: str) -> dict[str, object]:
    outline = element.find(f"{W}pPr/{W}outlineLvl")
    named = _HEADING_NAME.fullmatch(name)
    if outline is not None:
        level = _number(outline, _BODY_LEVEL)
        return {"level": level + 1 if level < _BODY_LEVEL else None, "body_text": level >= _BODY_LEVEL}
    return {"level": int(named[1])} if named else {}


def _number(element: Element, default: int) -> int:
    return whole(element.get(f"{W}val"), default)

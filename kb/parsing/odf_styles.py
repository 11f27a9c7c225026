"""What the styles of an OpenDocument file make of a paragraph (OpenDocument 1.3, part 3, 16)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.parsing.containers import Element, whole

OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
FO = f"{{{OASIS}xsl-fo-compatible:1.0}}"
STYLE = f"{{{OASIS}style:1.0}}"

_HEADING_NAME = re.compile(r"(?:heading|kop)\s*([1-9])\d?")
_TITLE_NAMES = ("title", "titel")
_NO_HEADINGS = ("title", "titel", "subtitle", "ondertitel", "heading", "caption", "bijschrift")
_MAX_CHAIN = 30
_BOLD = ("bold", "600", "700", "800", "900")


class OdfStyles:
    """The styles of a document, named and automatic: what is a heading, and what is bold."""

    def __init__(self, *roots: Element | None) -> None:
        self._elements = {
            (element.get(f"{STYLE}family"), element.get(f"{STYLE}name")): element
            for root in roots
            if root is not None
            for element in root.iter(f"{STYLE}style")
        }

    def chain(self, name: str | None, *, family: str = "paragraph") -> Iterator[Element]:
        """The style and those it is based on, nearest first."""
        for _ in range(_MAX_CHAIN):
            element = self._elements.get((family, name))
            if element is None:
                return
            yield element
            name = element.get(f"{STYLE}parent-style-name")

    def is_title(self, name: str | None) -> bool:
        """Whether it is the style of the document's title, or based on it."""
        return any(_shown_name(element) in _TITLE_NAMES for element in self.chain(name))

    def heading_level(self, name: str | None) -> int | None:
        """The level, from 1, of a paragraph style that stands for a heading, though the
        paragraph is not marked as one: by its name, or because it behaves as headings do in
        templates (kept with the next paragraph, followed by another style, numbered or bold).
        """
        chain = list(self.chain(name))
        for element in chain:
            match = _HEADING_NAME.fullmatch(_shown_name(element))
            if match:
                return int(match[1])
        style = next((element for element in chain if element.get(f"{STYLE}next-style-name")), None)
        if style is None or _shown_name(style) in _NO_HEADINGS:
            return None
        keeps = self._nearest(chain, f"{STYLE}paragraph-properties", f"{FO}keep-with-next") == "always"
        numbered = next((value for one in chain if (value := one.get(f"{STYLE}list-style-name"))), None)
        followed = style.get(f"{STYLE}next-style-name") != style.get(f"{STYLE}name")
        if keeps and followed and (numbered or self.is_bold(name, family="paragraph")):
            return whole(style.get(f"{STYLE}list-level"), 1)
        return None

    def is_bold(self, name: str | None, *, family: str) -> bool | None:
        """What the nearest style that mentions it says; None if none does."""
        weight = self._nearest(
            list(self.chain(name, family=family)), f"{STYLE}text-properties", f"{FO}font-weight"
        )
        return None if weight is None else weight in _BOLD

    @staticmethod
    def _nearest(chain: list[Element], group: str, attribute: str) -> str | None:
        for element in chain:
            for properties in element.iterchildren(group):
                value: str | None = properties.get(attribute)
                if value is not None:
                    return value
        return None


def _shown_name(style: Element) -> str:
    name: str = style.get(f"{STYLE}display-name") or style.get(f"{STYLE}name", "")
    return name.replace("_20_", " ").strip().lower()

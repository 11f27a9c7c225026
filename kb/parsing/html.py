"""Web pages: their main content under its headings, without navigation, scripts and banners.

Two witnesses decide what is left out: the extraction library (trafilatura) keeps the running text of
a page but loses headings and fields of specifications, so what it drops is left out only where the
markup too says that it is no content. Elements that are never content (nav, script) always go.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from kb.dates import find_date
from kb.documents import Gap, Metadata
from kb.parsing.cleaning import clean
from kb.parsing.decoding import decode, read_bytes
from kb.parsing.flow import Flow
from kb.parsing.markup import Element, Piece, is_hidden, parse_markup, pieces
from kb.parsing.properties import believable_title, language_code
from kb.parsing.reading import Reading, ReadOptions

_CHARSET = re.compile(rb"""<(?:meta[^>]+?|\?xml[^>]+?en)c(?:harset|oding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_HEAD_BYTES = 4_096
_ROLES = frozenset(
    ("banner", "search", "menu", "menubar", "dialog", "alertdialog", "contentinfo", "complementary")
)
_SURROUNDINGS = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|banner|breadcrumbs?|menu|navbar|navigation|nav|sidebar|toc|"
    r"share|social|skip(?:link)?s?|footer|advert\w*|newsletter|login|pagination|related)(?:$|[\s_-])",
    re.I,
)
_BANNER = re.compile(r"cookie|consent|gdpr|onetrust", re.I)
_MAX_BANNER_WORDS = 200
_REGIONS = frozenset(("aside", "div", "dl", "footer", "form", "header", "ol", "ul"))
_MAX_LINK_SHARE = 0.8
_MIN_LINKS = 4
_MIN_SHARE = 0.2
_SHINGLE = 4
_MAX_CODE = 2_000
_SHORT_ATTRIBUTES = frozenset(
    ("class", "href", "id", "lang", "name", "rel", "role", "src", "style", "target", "type")
)
_MAX_ATTRIBUTE = 40
_DATES = re.compile(
    r"article:published_time|dc(?:terms)?\.(?:issued|date(?:\.issued)?|created)|date|datepublished", re.I
)


def read_html(path: Path, options: ReadOptions) -> Reading:
    """A page's main content. Raises TooLarge or DamagedFile."""
    data = read_bytes(path, options.limits)
    declared = _CHARSET.search(data[:_HEAD_BYTES])
    text = decode(data, declared=declared[1].decode("ascii") if declared else None)
    root = parse_markup(text)
    if root is None:
        return Reading(blocks=())
    metadata = _metadata(root, stem=path.stem)
    flow = Flow(options.limits)
    everything = _length(list(pieces(root)))
    found = content(root, text)
    gaps = _fill(flow, found, metadata.title)
    if _length(found) < everything * _MIN_SHARE:
        # A navigation that is never closed takes the rest of the page with it.
        message = "Most of the page was taken for navigation and left out"
        gaps = (*gaps, Gap(code="navigation", message=message))
    if _hides_text(root):
        message = "A quotation mark is missing in a tag, and the text up to the next one is hidden by it"
        gaps = (*gaps, Gap(code="damaged", message=message))
    return Reading(blocks=flow.blocks(), metadata=metadata, gaps=gaps)


def content(root: Element, text: str) -> list[Piece]:
    """The pieces of a page that are its content; `text` is its source."""
    for element in root.xpath(
        "//nav | //*[@role='navigation'] | //a[starts-with(@href, '#') and contains(@class, 'skip')]"
    ):
        _drop(element)
    for element in root.xpath("//*[@class or @id]"):
        if _is_banner(element):
            _drop(element)
    # Not its body alone: what stands after a second <body> or an early </html> is shown too.
    found = list(pieces(root))
    kept, around = _Kept(_extracted(text)), _Surroundings()
    chosen = [piece for piece in found if not around.hold(piece) or kept.holds(piece.text)]
    # A page that consists of links, such as a list of minutes, is about those links.
    return chosen if _length(chosen) >= _length(found) * _MIN_SHARE else found


def _hides_text(root: Element) -> bool:
    """Whether an attribute that holds no markup by its nature holds closing tags: its own end is missing."""
    return any(
        "</" in value and len(value) > _MAX_ATTRIBUTE
        for element in root.iter()
        for name, value in element.attrib.items()
        if name in _SHORT_ATTRIBUTES
    )


def _length(found: list[Piece]) -> int:
    return sum(len(piece.text) for piece in found)


def _fill(flow: Flow, found: list[Piece], title: str | None) -> tuple[Gap, ...]:
    """Add pieces to a flow; what was too long a listing of code is told in a gap."""
    cut = 0
    for piece in found:
        if piece.level is not None:
            flow.heading(piece.text, level=piece.level, title=piece.level == 1 and piece.text == title)
        elif len(piece.text) > _MAX_CODE and piece.element.tag == "pre":
            cut += 1
            flow.add(piece.text[:_MAX_CODE].rsplit(" ", 1)[0])
        else:
            flow.add(piece.text, role=piece.role, bold=piece.bold)
    message = f"{cut} listings of code were read up to {_MAX_CODE} characters"
    return (Gap(code="truncated", message=message),) if cut else ()


class _Kept:
    """What the extraction library took for content, by runs of words."""

    def __init__(self, text: str) -> None:
        words = _words(text)
        self._runs = {tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}
        self._lines = {tuple(_words(line)) for line in text.splitlines()}

    def holds(self, text: str) -> bool:
        words = _words(text)
        if len(words) < _SHINGLE:
            return tuple(words) in self._lines
        runs = [tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)]
        return sum(run in self._runs for run in runs) * 2 >= len(runs)


def _extracted(text: str) -> str:
    """The main text as trafilatura has it; "" when it finds none or fails."""
    import trafilatura

    try:
        return trafilatura.extract(text, favor_recall=True, include_comments=False, deduplicate=False) or ""
    except Exception as error:
        # Whatever it raises, the page itself is still read.
        logging.getLogger(__name__).info("trafilatura: %s", error)
        return ""


def _is_banner(element: Element) -> bool:
    """A question about cookies: named so, small, and not the page itself."""
    if not _BANNER.search(_names(element)) or element.tag in ("html", "body", "main", "article"):
        return False
    if next(element.iterdescendants("main", "article", "h1"), None) is not None:
        return False
    return len("".join(element.itertext()).split()) <= _MAX_BANNER_WORDS


class _Surroundings:
    """What the markup says to be around the content instead of in it. Each element is judged once."""

    def __init__(self) -> None:
        self._judged: dict[Element, bool | None] = {}

    def hold(self, piece: Piece) -> bool:
        if piece.level == 1:
            return False
        for element in (piece.element, *piece.element.iterancestors()):
            if element not in self._judged:
                self._judged[element] = _judge(element)
            verdict = self._judged[element]
            if verdict is not None:
                return verdict
        return False


def _judge(element: Element) -> bool | None:
    """True: around the content. False: the content itself. None: what is above it decides."""
    if element.tag in ("main", "article", "body"):
        return False
    if element.get("role") in _ROLES or (element.tag in ("header", "footer") and not _has_heading(element)):
        return True
    if element.tag not in _REGIONS:
        return None
    words, linked, links = _link_words(element)
    is_short = words <= _MAX_BANNER_WORDS and _SURROUNDINGS.search(_names(element))
    is_links = linked > words * _MAX_LINK_SHARE and links >= _MIN_LINKS
    return True if is_short or is_links else None


def _has_heading(element: Element) -> bool:
    return next(element.iterdescendants("h1", "h2", "h3", "h4", "h5", "h6"), None) is not None


def _names(element: Element) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def _link_words(element: Element) -> tuple[int, int, int]:
    """The words of an element, those of its links, and how many links there are."""
    links = [link for link in element.iter("a") if link.get("href")]
    linked = sum(len("".join(link.itertext()).split()) for link in links)
    return len("".join(element.itertext()).split()), linked, len(links)


def _drop(element: Element) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _metadata(root: Element, *, stem: str) -> Metadata:
    headings = [clean("".join(element.itertext())) for element in root.iter("h1") if not is_hidden(element)]
    named = {
        (
            element.get("property") or element.get("name") or element.get("itemprop") or ""
        ).lower(): element.get("content")
        for element in root.iter("meta")
    }
    titles = [
        *(headings if len(headings) == 1 else ()),
        named.get("og:title"),
        named.get("dcterms.title"),
        *(element.text for element in root.xpath("//head/title")),
    ]
    believed = (believable_title(title, stem=stem) for title in titles)
    stamps = [(value, "") for name, value in named.items() if value and _DATES.fullmatch(name)]
    stamps += [
        (element.get("datetime") or "", clean("".join(element.itertext())))
        for element in root.xpath("//time[contains(@class, 'dt-published')]")
    ]
    # A stamp that its own page shows as another date is not certain.
    days = {find_date(text) for stamp, shown in stamps for text in (stamp[:10], shown)} - {None}
    return Metadata(
        title=next((title for title in believed if title), None),
        date=days.pop() if len(days) == 1 else None,
        language=language_code(root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang")),
    )

"""What an office file says of itself in its properties, as far as it can be believed."""

from __future__ import annotations

import re

from kb.documents import Metadata
from kb.parsing.cleaning import clean
from kb.parsing.containers import Element

_MAX_TITLE = 250
# What programs and templates fill in by themselves, in the languages of their users here.
_DEFAULT_TITLE = re.compile(
    r"""(powerpoint[ -]?)?(presentati(e|on)|präsentation|présentation)\s*\d*
    |powerpoint\s*\d*
    |(dia|slide|folie)\s*(nummer|number)?\s*\d+
    |(untitled|naamloos|geen\ titel|no\ (slide\ )?title|zonder\ titel|onbekend)\s*\d*
    |(microsoft\ )?(word|office\ word)([ -]?document)?\s*\d*
    |(document|doc|template|sjabloon|blanco|blank)\s*\d*
    |(klik(ken)?|tik|click)\b.*
    |memo|brief|notitie|rapport|verslag|notulen|agenda|report|letter|minutes
    |(titel|title)(\ (van\ (de\ )?|of\ (the\ )?)?(document|presentatie|presentation))?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FILE_NAME = re.compile(
    r"microsoft (word|powerpoint) - .*|.*\.(docx?|dotx?|dotm|pptx?|potx?|od[tp]|pdf|rtf|txt)", re.IGNORECASE
)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})([-_].*)?")


def believable_title(text: str | None, *, stem: str) -> str | None:
    """The title, unless it comes from a program or template, or only repeats the file's name."""
    title = clean(text or "")
    if not 1 < len(title) <= _MAX_TITLE or not re.search(r"[^\W\d_]{2}", title):
        return None
    if _DEFAULT_TITLE.fullmatch(title) or _FILE_NAME.fullmatch(title) or title.lower() == stem.lower():
        return None
    return None if " " not in title and "_" in title else title


def language_code(text: str | None) -> str | None:
    """The ISO 639 code of a declared language: "nl-NL" gives "nl"."""
    match = _LANGUAGE.fullmatch(clean(text or ""))
    return match[1].lower() if match else None


def property_metadata(root: Element | None, *, stem: str) -> Metadata:
    """From a part with Dublin Core elements: core properties (OPC) or meta.xml (ODF).

    Their dates are those of the file, not of what it reports, so they are left alone.
    """
    if root is None:
        return Metadata()
    values = {
        name: next(root.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"), None)
        for name in ("title", "language")
    }
    texts = {name: "".join(element.itertext()) for name, element in values.items() if element is not None}
    return Metadata(
        title=believable_title(texts.get("title"), stem=stem),
        language=language_code(texts.get("language")),
    )

"""A dossier for a word processor: passages with their sources as a DOCX."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from kb.exporting.quoting import Quotation

# Tags of languages as Word knows them; it checks the spelling by these.
_TAGS = {"nl": "nl-NL", "en": "en-GB", "de": "de-DE", "fr": "fr-FR", "fy": "fy-NL"}
# XML 1.0, 2.2.
_BARRED = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_A4 = (Cm(21.0), Cm(29.7))
_MARGIN = Cm(2.5)


def word_dossier(
    quotations: Sequence[Quotation], *, title: str, told: str, language: str, day: dt.date
) -> bytes:
    """A DOCX of A4 pages: a title, a line that tells of the passages, and each passage word for word with its
    source and its permanent link.

    Headings and quotes are in Word's own styles, so that the dossier takes on the house style of whatever
    document it is pasted into. `language` is that of all but the passages. The same dossier of one `day` is
    the same bytes.
    """
    document = docx.Document()
    _set_up(document, title=_writable(title), language=language, day=day)
    document.add_heading(_writable(title), level=0)
    document.add_paragraph(_writable(told))
    for quotation in quotations:
        document.add_heading(_writable(quotation.title), level=1)
        _quote(document, quotation)
        _cite(document, quotation)
    written = io.BytesIO()
    document.save(written)
    return _timeless(written.getvalue())


def _set_up(document: Document, *, title: str, language: str, day: dt.date) -> None:
    for section in document.sections:
        section.page_width, section.page_height = _A4
        section.left_margin = section.right_margin = _MARGIN
    told = document.core_properties
    told.title, told.author, told.comments = title, "", ""
    told.created = told.modified = dt.datetime.combine(day, dt.time(), dt.UTC)
    told.language = language
    # The template is American throughout.
    for found in document.styles.element.iter(qn("w:lang")):
        found.set(qn("w:val"), _TAGS.get(language, language))


def _quote(document: Document, quotation: Quotation) -> None:
    paragraph = document.add_paragraph(style="Quote")
    run = paragraph.add_run(_writable(quotation.text))
    paragraph.paragraph_format.left_indent = Cm(0.75)
    if quotation.language:
        spoken = OxmlElement("w:lang")
        spoken.set(qn("w:val"), _TAGS.get(quotation.language, quotation.language))
        run._r.get_or_add_rPr().append(spoken)


def _cite(document: Document, quotation: Quotation) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(14)
    before = f"— {quotation.authors}, " if quotation.authors else "— "
    paragraph.add_run(_writable(before))
    paragraph.add_run(_writable(quotation.title)).italic = True
    if quotation.details:
        paragraph.add_run(_writable(", " + ", ".join(quotation.details)))
    small = paragraph.add_run()
    small.font.size = Pt(9)
    small.add_break()
    small.add_text(_writable(quotation.file))
    if quotation.link:
        small.add_break()
        _link(paragraph, quotation.link)


def _link(paragraph: Paragraph, address: str) -> None:
    """A hyperlink, which python-docx can read but has no call for."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run = Run(OxmlElement("w:r"), paragraph)
    run.text = address
    run.font.size = Pt(9)
    run.font.underline = True
    link.append(run._r)
    paragraph._p.append(link)


def _timeless(package: bytes) -> bytes:
    """A ZIP without the moment at which each of its parts was written."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as parts, zipfile.ZipFile(written, "w") as copy:
        for name in parts.namelist():
            copy.writestr(zipfile.ZipInfo(name), parts.read(name), zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _writable(text: str) -> str:
    """Without the characters that no XML can hold."""
    return _BARRED.sub("", text)

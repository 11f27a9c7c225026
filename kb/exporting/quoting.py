"""A passage with its source, ready to be pasted: plain text, Markdown, and HTML for a word processor."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol, Self

from kb import dutch
from kb.documents import Locator, Passage
from kb.exporting.citing import Links
from kb.index import DocumentRecord

# What CommonMark and its common extensions take for markup wherever it stands.
_ANYWHERE = re.compile(r"[\\`*_\[\]<>&#|~$]")
_LIST_NUMBER = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")


class Wording(Protocol):
    """How places and dates are said in the language of a quotation; `kb.dutch` is one."""

    def date(self, day: dt.date, /) -> str:
        """A date in full."""
        ...

    def place(self, locator: Locator, /) -> str:
        """A place as a reader would cite it; "" without one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """The words of a passage and where they come from.

    `authors` is "" where nobody is known to have made the document; `details` are its event, its date and the
    place of the passage, as far as they are known. `link` is "" where no service shows it, `file` the path in
    the corpus, `language` that of the words, None where it is not known.
    """

    text: str
    authors: str
    title: str
    details: tuple[str, ...]
    link: str
    file: str
    language: str | None

    @classmethod
    def of(cls, passage: Passage, record: DocumentRecord, links: Links, wording: Wording = dutch) -> Self:
        """The quotation of a passage of `record`."""
        event = record.event.name if record.event else ""
        day = wording.date(record.date) if record.date else record.date_text or ""
        details = (event, day, wording.place(passage.locator))
        # The first heading of a report is often its title, and that of its event.
        told = {"", record.title, f"§ {record.title}"}
        return cls(
            text=passage.text,
            authors=_line(", ".join(links.source(record).authors)),
            title=_line(record.title),
            details=tuple(_line(detail) for detail in details if detail not in told),
            link=links.passage(passage),
            file=record.source,
            language=record.language,
        )

    @property
    def source(self) -> str:
        """The source in one line: "Sam de Vries, Wat is data, Avond over data, 13 april 2023, dia 12"."""
        return ", ".join(filter(None, (self.authors, self.title, *self.details)))


def plain(quotation: Quotation) -> str:
    """The words between quotation marks, the source and the link each on a line under them."""
    lines = (f"“{quotation.text}”", f"— {quotation.source}", quotation.link)
    return "\n".join(filter(None, lines))


def markdown(quotation: Quotation) -> str:
    """A block quote (CommonMark) in which every line is a paragraph, with the source under it."""
    quoted = "\n>\n".join(f"> {_escaped(line)}" for line in quotation.text.split("\n") if line.strip())
    parts = (quotation.authors, quotation.title, *quotation.details)
    told = [
        f"*{_escaped(part)}*" if number == 1 else _escaped(part) for number, part in enumerate(parts) if part
    ]
    link = f"  \n> <{quotation.link}>" if quotation.link else ""
    return f"{quoted}\n>\n> — {', '.join(told)}{link}\n"


def rich(quotation: Quotation) -> str:
    """HTML of a block quote and a paragraph with the source, whose link is the permanent one.

    Everything in it is escaped, so that a document cannot bring markup of its own.
    """
    language = f' lang="{escape(quotation.language)}"' if quotation.language else ""
    words = escape(quotation.text).replace("\n", "<br>")
    return f"<blockquote{language}><p>{words}</p></blockquote><p>{''.join(_cited(quotation))}</p>"


def markdown_dossier(quotations: Sequence[Quotation], *, title: str, told: str) -> str:
    """Passages under a title and a line that tells of them, each under the title of its document."""
    parts = [f"# {_escaped(_line(title))}\n", f"{_escaped(_line(told))}\n"]
    for quotation in quotations:
        parts += [f"## {_escaped(quotation.title)}\n", markdown(quotation)]
    return "\n".join(parts)


def _cited(quotation: Quotation) -> Iterator[str]:
    yield "— "
    if quotation.authors:
        yield f"{escape(quotation.authors)}, "
    yield f"<em>{escape(quotation.title)}</em>"
    for detail in quotation.details:
        yield f", {escape(detail)}"
    if quotation.link:
        link = escape(quotation.link)
        yield f'<br><a href="{link}">{link}</a>'


def _line(text: str) -> str:
    """On one line: a line break in a title would break up its source."""
    return " ".join(text.split())


def _escaped(line: str) -> str:
    r"""A line that Markdown shows as it is: "1\. Wat \*is\* dat" for what would be a list with emphasis."""
    safe = _ANYWHERE.sub(r"\\\g<0>", line.strip())
    at = _LIST_NUMBER.match(safe)
    if at:
        return f"{safe[: at.end()]}\\{safe[at.end() :]}"
    return f"\\{safe}" if safe.startswith(("-", "+", "=", ":")) else safe

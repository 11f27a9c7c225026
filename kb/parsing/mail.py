"""Mail (RFC 5322, MIME): who wrote to whom, the body, and quoted replies as paragraphs of their own."""

from __future__ import annotations

import datetime as dt
import email
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

from kb.documents import Block, Gap, Locator, Metadata, Part, Role
from kb.errors import DamagedFile
from kb.parsing.cleaning import clean
from kb.parsing.decoding import decode, read_bytes
from kb.parsing.html import content
from kb.parsing.markup import parse_markup
from kb.parsing.paragraphs import paragraphs
from kb.parsing.reading import Reading, ReadOptions

_SHOWN = ("From", "To", "Cc", "Date")
_HEADER = re.compile(r"(?:From |[A-Za-z][A-Za-z0-9-]*:)")
_MAX_HEADER = 500
# The library takes quadratic time for some headers.
_MAX_PARSED_HEADER = 8_000
_WIDE = (b"\xff\xfe", b"\xfe\xff")
# What the library raises on malformed headers.
_MALFORMED = (ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError)
# What a mail says once more, beside the plain text that was read.
_OTHER_FORMS = ("text/html", "text/enriched", "text/richtext", "text/calendar", "text/x-amp-html")
_LOSSES = frozenset(
    (
        "CloseBoundaryNotFoundDefect",
        "MissingHeaderBodySeparatorDefect",
        "MultipartInvariantViolationDefect",
        "NoBoundaryInMultipartDefect",
        "StartBoundaryNotFoundDefect",
    )
)


def read_mail(path: Path, options: ReadOptions) -> Reading:
    """Raises TooLarge, or DamagedFile when the content is not a mail."""
    data = read_bytes(path, options.limits)
    if data.startswith(_WIDE) or data[:2_000].count(0) > len(data[:2_000]) // 4:
        data = decode(data).encode()
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not _HEADER.match(data[:200].decode("latin-1")):
        raise DamagedFile("It is called a mail but does not start with the headers of one")
    # The policy makes it an EmailMessage, which its type cannot say.
    message = cast("EmailMessage", email.message_from_bytes(data, policy=_Policy()))
    subject = _header(message, "Subject")
    headings = (subject,) if subject else ()
    place = Locator(headings=headings)
    blocks = [Block(text=subject, locator=place, role=Role.HEADING, level=1)] if subject else []
    for name in _SHOWN:
        value = _header(message, name)
        if value:
            blocks.append(Block(text=clean(f"{name}: {value}"), locator=place))
    bodies, spoilt = list(_bodies(message)), _spoilt(message)
    for body in bodies:
        blocks.extend(_body(body, headings))
    sent = _sent(message)
    return Reading(
        blocks=tuple(blocks),
        metadata=Metadata(title=subject or None, date=sent),
        gaps=(*_attachments(message, bodies), *spoilt),
    )


class _Policy(EmailPolicy):
    """What the library makes of headers, of which only the first part is looked at."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:_MAX_PARSED_HEADER])


def _spoilt(message: EmailMessage) -> Iterator[Gap]:
    """Parts that could not be told apart, because their boundary is damaged or the end is missing."""
    names = {type(defect).__name__ for part in message.walk() for defect in part.defects}
    found = sorted(names & _LOSSES)
    if found:
        yield Gap(
            code="damaged", message=f"Its parts are damaged, and text may be missing ({', '.join(found)})"
        )


def _bodies(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that a reader sees as the text of a mail: some programs go on below a picture."""
    if not part.is_multipart() and part.get_content_maintype() == "multipart":
        # Its boundary is nowhere: better all of it as it stands than nothing.
        yield part
    elif not part.is_multipart():
        if part.get_content_maintype() == "text" and not part.get_filename() and not part.is_attachment():
            yield part
    elif part.get_content_subtype() in ("mixed", "digest"):
        for child in part.iter_parts():
            if isinstance(child, EmailMessage):
                yield from _bodies(child)
    elif part.get_content_maintype() == "multipart":
        chosen = _preferred(part)
        # Not its truth: a part without headers counts as false.
        if chosen is not None:
            yield chosen


def _body(part: EmailMessage, headings: tuple[str, ...]) -> Iterator[Block]:
    text = _text(part)
    if part.get_content_subtype() == "html":
        root = parse_markup(text)
        path: dict[int, str] = {}
        for piece in content(root, text) if root is not None else ():
            if piece.level is not None:
                path = {depth: name for depth, name in path.items() if depth < piece.level}
                path[piece.level] = piece.text
            is_row = piece.role is Role.TABLE_ROW
            place = Locator(headings=(*headings, *path.values()), part=Part.TABLE if is_row else Part.BODY)
            level = None if piece.level is None else piece.level + len(headings)
            yield Block(text=piece.text, locator=place, role=piece.role, level=level)
        return
    for paragraph in paragraphs(text.split("\n")):
        yield Block(text=paragraph.text, locator=Locator(headings=headings), role=paragraph.role)


def _preferred(message: EmailMessage) -> EmailMessage | None:
    """The body as plain text, or else as HTML; the plain one is skipped when it is empty."""
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        if isinstance(part, EmailMessage) and _text(part).strip():
            return part
    return None


def _text(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    text = decode(raw, declared=part.get_content_charset()) if raw else ""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    return _unflowed(text, delete_space=str(part.get_param("delsp", "no")).lower() == "yes")


def _unflowed(text: str, *, delete_space: bool) -> str:
    """Lines that end in a space go on in the next one (RFC 3676)."""
    return re.sub(r"(?<!\n--) \n(?!\s|>)", "" if delete_space else " ", text)


def _attachments(message: EmailMessage, bodies: list[EmailMessage]) -> Iterator[Gap]:
    read = {id(part) for part in bodies}
    for part in _leaves(message):
        name = part.get_filename()
        is_other = part.get_content_type() not in _OTHER_FORMS
        if id(part) not in read and (name or is_other or part.get_content_disposition() == "attachment"):
            shown = clean(str(name or part.get_content_type()))[:200]
            yield Gap(code="attachment", message=f"The attachment {shown} was not read")


def _leaves(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts without parts, and mails that were forwarded whole."""
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        for child in part.iter_parts():
            if isinstance(child, EmailMessage):
                yield from _leaves(child)
    else:
        yield part


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = clean(str(message.get(name, "")))
    except _MALFORMED:
        # The rest of the mail is still good.
        return ""
    return value if len(value) <= _MAX_HEADER else value[:_MAX_HEADER].rsplit(",", 1)[0] + " …"


def _sent(message: EmailMessage) -> dt.date | None:
    try:
        return parsedate_to_datetime(str(message["Date"])).date() if message["Date"] else None
    except _MALFORMED:
        return None

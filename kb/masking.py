"""E-mail addresses and telephone numbers in a text, and the text with these made unreadable.

A mask has the length of what it hides, so that every offset in the text still holds: its letters and digits
become dots. What could be the number of an order as well is taken for one of a telephone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

DOT = "•"

# RFC 5321 bounds the part before the at sign to 64 characters and a domain to 255.
_LOCAL = r"(?<![\w.+-])[^\W_][\w.+'-]{0,63}"
_DOMAIN = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
# "jan [at] gemeente.nl", "jan (apenstaartje) gemeente.nl"
_AT = r"(?:@|\s?[\[({<]\s?(?:at|@|apenstaartje|apestaartje)\s?[\])}>]\s?)"
_EMAIL = re.compile(rf"{_LOCAL}{_AT}{_DOMAIN}", re.IGNORECASE)
# A quick look whether there may be any: this spares most texts the long pattern.
_MAY_BE_EMAIL = re.compile(r"@|[\[({<]\s?ap?", re.IGNORECASE)
# Of machines, not of people: git@github.com:owner/repository
_OF_MACHINES = re.compile(r"(?:git|hg|svn)@\S+", re.IGNORECASE)

_GAP = r"[\s\u00a0.\u2010-\u2013/-]{0,3}"
# Dutch: ten digits that begin with 0, after +31 or 0031 nine. 112, 14 030, 0800 and 0900 belong to nobody.
_NATIONAL = rf"(?:\(0\d{{1,3}}\)|0(?!800|900|90[69]|0)[1-9]){_GAP}\d(?:{_GAP}\d){{5,8}}"
_ABROAD = rf"(?:\+|\b00)[1-9]\d{{0,2}}{_GAP}(?:\(0\){_GAP})?\d(?:{_GAP}\d){{6,12}}"
# What may stand right before a number: "tel.0612345678", "t:…", and "…/" where another number ends.
_LABELS = ("t", "m", "tel", "mob", "telefoon", "mobiel", "gsm")
_BEFORE = "|".join([r"(?<![\w.,/:=-])", r"(?<=\d{10}/)", *(rf"(?<=\b{label}[.:=])" for label in _LABELS)])
_PHONE = re.compile(rf"(?:{_BEFORE})(?:{_ABROAD}|{_NATIONAL})(?!\w|[-.,:]\d|/\d(?!\d{{8}}))", re.IGNORECASE)
# Of most texts this quick look finds that there are not enough digits together.
_MAY_BE_PHONE = re.compile(r"\d(?:[^\d\n]{0,10}\d){8}")
_NATIONAL_DIGITS = 10
_LEAST_ABROAD, _MOST_ABROAD = 9, 15
# 06-12-2024 and 01.02.2024 10 are dates, with or without more behind them.
_DATE = re.compile(r"\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d\d(?!\d)")


class ContactKind(StrEnum):
    """What somebody can be reached by."""

    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An e-mail address or telephone number at [start, end) of a text."""

    kind: ContactKind
    start: int
    end: int


def find_contacts(text: str) -> list[Contact]:
    """Every e-mail address and telephone number in `text`, in its order."""
    found = [*_emails(text), *_phones(text)]
    return sorted(found, key=lambda contact: contact.start)


def masked(text: str, *, keep: Collection[str] = ()) -> str:
    """The text with its e-mail addresses and telephone numbers made unreadable, as long as it was.

    `keep` are addresses and numbers that may be read, such as "info@waterrijk.nl"; case and the signs between
    the digits of a number make no difference.
    """
    kept = {_plain(one) for one in keep}
    parts, position = [], 0
    for contact in find_contacts(text):
        written = text[contact.start : contact.end]
        if _plain(written) in kept or contact.start < position:
            continue
        hidden = "".join(DOT if letter.isalnum() or letter == "_" else letter for letter in written)
        parts += [text[position : contact.start], hidden]
        position = contact.end
    return "".join((*parts, text[position:]))


def _emails(text: str) -> Iterator[Contact]:
    if not _MAY_BE_EMAIL.search(text):
        return
    for found in _EMAIL.finditer(text):
        if not _OF_MACHINES.fullmatch(found.group()):
            yield Contact(kind=ContactKind.EMAIL, start=found.start(), end=found.end())


def _phones(text: str) -> Iterator[Contact]:
    if not _MAY_BE_PHONE.search(text):
        return
    for found in _PHONE.finditer(text):
        written = found.group()
        digits = re.sub(r"\(0\)|\D", "", written) if written[0] in "+" else re.sub(r"\D", "", written)
        is_abroad = written[0] == "+" or written.startswith("00")
        fits = _LEAST_ABROAD <= len(digits) <= _MOST_ABROAD if is_abroad else len(digits) == _NATIONAL_DIGITS
        if fits and not _DATE.match(written) and "\n" not in written:
            yield Contact(kind=ContactKind.PHONE, start=found.start(), end=found.end())


def _plain(written: str) -> str:
    """An address or number without what may be written otherwise."""
    return written.casefold() if "@" in written else re.sub(r"\D", "", written)

"""What must not be read: names and addresses to mask, documents to withhold, and how a reader is shown text.

The list is a file that an operator keeps (`reading`); `live` reads it again when it changes. A build leaves
out what it withholds and masks what it reads (`documents`); whoever searches gets a view of the index that
does so as well (`kb.index.private`), so that the list holds at once, also for an index that was built before.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from kb.masking import DOT, masked
from kb.privacy.names import NAMES_VERSION, Names, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A name or an address that must not be read, with its other spellings; why and since when."""

    texts: tuple[str, ...]
    reason: str
    date: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Documents that must not be read: one by its path or id, or all whose path fits a pattern.

    In a pattern `*` and `?` stand for letters of one name and `**` for any folders. Case does not matter.
    """

    reason: str
    date: dt.date
    path: str = ""
    glob: str = ""
    document: str = ""

    def fits(self, path: str, document_id: str) -> bool:
        """Whether it means the document with this path and id."""
        if self.document:
            return self.document == document_id
        if self.path:
            return _plain_path(self.path) == _plain_path(path)
        return bool(glob_pattern(self.glob).fullmatch(_plain_path(path)))


@dataclass(frozen=True, kw_only=True)
class PrivacyList:
    """What a list says. `keep` are the addresses and numbers that anybody may read, of the association itself
    for instance; `hides_contacts` whether all others are masked in what is shown."""

    mask: tuple[Suppressed, ...] = ()
    withhold: tuple[Withheld, ...] = ()
    keep: frozenset[str] = frozenset()
    hides_contacts: bool = False

    @cached_property
    def names(self) -> Names:
        """The names and addresses that are masked."""
        return Names(words_of(text) for one in self.mask for text in one.texts)

    @cached_property
    def digest(self) -> str:
        """A hash of all that decides what an index holds; "" for a list that changes nothing of it."""
        if not self.mask and not self.withhold:
            return ""
        told = [
            NAMES_VERSION,
            sorted({words_of(text) for one in self.mask for text in one.texts}),
            sorted({(one.path, one.glob, one.document) for one in self.withhold}),
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @cached_property
    def version(self) -> str:
        """A hash of all that decides what a reader is shown."""
        told = [self.digest, sorted(self.keep), self.hides_contacts]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def with_all_of(self, other: PrivacyList) -> PrivacyList:
        """This list, with what only the other masks and withholds."""
        return replace(
            self,
            mask=(*self.mask, *(one for one in other.mask if one not in self.mask)),
            withhold=(*self.withhold, *(one for one in other.withhold if one not in self.withhold)),
        )

    def names_any(self, text: str) -> bool:
        """Whether a name that is masked stands in a text."""
        return bool(self.names.spans(text))

    def shown(self, text: str) -> str:
        """A text as it may be read: without names of the list and, unless that is off, addresses and numbers
        by which somebody can be reached. As long as it was."""
        return self.without_contacts(self.names.masked(text))

    def without_contacts(self, text: str) -> str:
        """A text that holds no name of the list, as it may be read."""
        return masked(text, keep=self.keep) if self.hides_contacts else text

    def readable(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of some names that may be read; one with a mask in it names nobody."""
        return tuple(name for name in names if DOT not in name and not self.names_any(name))

    def why_withheld(self, path: str, document_id: str) -> Withheld | None:
        """The entry by which a document is withheld; None for one that may be read."""
        return next((one for one in self.withhold if one.fits(path, document_id)), None)

    def reason_of(self, entry: Suppressed | Withheld) -> str:
        """Why an entry is on the list, without what it is about."""
        shown = self.shown(entry.reason)
        told = (entry.path, entry.document) if isinstance(entry, Withheld) else ()
        for text in filter(None, told):
            shown = re.sub(re.escape(text), DOT * len(text), shown, flags=re.IGNORECASE)
        return shown


def glob_pattern(glob: str) -> re.Pattern[str]:
    """The pattern of paths, in plain letters, that a glob means."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", _plain_path(glob))
    meaning = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _plain_path(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()

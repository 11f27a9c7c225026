"""Pages that may not be seen, for a name stands on them that must not be read."""

from __future__ import annotations

from kb.errors import NoView
from kb.privacy import PrivacyList
from kb.privacy.names import Names, words_of
from kb.rendering import Sheet, Veil


def veil_of(privacy: PrivacyList, masked: tuple[int, ...] | None) -> Veil:
    """What of a document's file may not be seen; `masked` as the index has it (`DocumentRecord.masked`)."""
    return Veil(
        names=tuple(sorted({words_of(text) for one in privacy.mask for text in one.texts})),
        pages=frozenset(masked or ()),
        hides_scans=masked is not None,
        digest=privacy.digest,
    )


def withheld(page: int) -> NoView:
    """Why there is no picture of a page that may not be seen."""
    return NoView(f"A name that must not be read stands on page {page}", code="withheld")


def refuse_unseen(sheet: Sheet, names: Names, *, hides_scans: bool) -> None:
    """Raise `NoView` for a page on which one of these names stands: also in its margins, which are not part
    of the document's text. Words stand below each other, as a name does that goes on at the next line."""
    is_unknown = hides_scans and not sheet.words
    if is_unknown or names.spans("\n".join(word.text for word in sheet.words)):
        raise withheld(sheet.number)

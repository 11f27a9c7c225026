"""What `kb privacy` prints: what a suppression list says and meets, without the names that are on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kb import dutch
from kb.index.touching import Effect, Effects
from kb.privacy import PrivacyList, Suppressed, Withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyState:
    """A list, where it stands, and what it meets in the live index; None without an index.

    `is_built` tells that the index was built with it; `masked` in how many documents names were masked then.
    """

    file: str
    is_there: bool
    privacy: PrivacyList
    effects: Effects | None
    is_built: bool
    masked: int = 0


def privacy_json(state: PrivacyState) -> dict[str, Any]:
    """The state of a list, for scripts."""
    privacy, met = state.privacy, state.effects
    return {
        "file": state.file,
        "exists": state.is_there,
        "masksContacts": privacy.hides_contacts,
        "keep": len(privacy.keep),
        "mask": [
            _entry_json(privacy, one, met.mask[at] if met else None) for at, one in enumerate(privacy.mask)
        ],
        "withhold": [
            _entry_json(privacy, one, met.withhold[at] if met else None)
            for at, one in enumerate(privacy.withhold)
        ],
        "indexBuiltWithIt": state.is_built if met else None,
        "documentsMaskedInIndex": state.masked if met else None,
    }


def privacy_text(state: PrivacyState) -> str:
    """The state of a list, for a person."""
    privacy, met = state.privacy, state.effects
    names = dutch.count(len(privacy.mask), "naam of adres", "namen en adressen")
    rules = dutch.count(
        len(privacy.withhold), "regel die documenten achterhoudt", "regels die documenten achterhouden"
    )
    there = "" if state.is_there else " (dit bestand is er niet, dus de lijst is leeg)"
    lines = [f"{dutch.printable(state.file)}{there}: {names} gemaskeerd, {rules}"]
    for at, one in enumerate(privacy.mask):
        lines += _masked_lines(privacy, one, at + 1, met.mask[at] if met else None, is_built=state.is_built)
    for at, entry in enumerate(privacy.withhold):
        lines.append(_withheld_line(privacy, entry, at + 1, met.withhold[at] if met else None, state))
    contacts = "worden gemaskeerd" if privacy.hides_contacts else "worden getoond (KB_MASK_CONTACTS=off)"
    kept = (
        f", op {dutch.count(len(privacy.keep), 'uitzondering', 'uitzonderingen')} na" if privacy.keep else ""
    )
    lines.append(f"E-mailadressen en telefoonnummers in stukken {contacts}{kept}.")
    return "\n".join([*lines, *_advice(state)])


def _masked_lines(
    privacy: PrivacyList, entry: Suppressed, number: int, met: Effect | None, *, is_built: bool
) -> list[str]:
    lines = [f"  maskeren {number} ({_why(privacy, entry)})"]
    if met and not (is_built and not met.passages):
        passages = dutch.count(met.passages, "passage", "passages")
        lines[0] += f": {passages} in {dutch.count(met.documents, 'document', 'documenten')}"
    if met and not is_built and not met.documents:
        lines[0] += "; klopt de schrijfwijze?"
    if met and met.initials:
        passages = dutch.count(met.initials, "passage", "passages")
        lines.append(
            f"    in {passages} staat deze naam met een voorletter, en wordt hij niet gemaskeerd. Is het "
            "dezelfde persoon, zet die schrijfwijze dan bij also"
        )
    return lines


def _withheld_line(
    privacy: PrivacyList, entry: Withheld, number: int, met: Effect | None, state: PrivacyState
) -> str:
    line = f"  achterhouden {number} ({_why(privacy, entry)})"
    if not met or (state.is_built and not met.documents):
        return line
    hint = "" if met.documents else "; klopt het pad?"
    return f"{line}: {dutch.count(met.documents, 'document', 'documenten')}{hint}"


def _advice(state: PrivacyState) -> list[str]:
    if state.effects is None or not (state.privacy.digest or state.masked):
        return []
    if state.is_built:
        masked = dutch.count(state.masked, "document", "documenten")
        return [f"De index is met deze lijst gebouwd; in {masked} is er een naam gemaskeerd."]
    told = (
        "De index is met een andere lijst gebouwd. Een lijst geldt meteen, maar bouw opnieuw (kb build): "
        "tot dan worden passages met een gemaskeerde naam alleen op hun andere woorden gevonden."
    )
    return [told]


def _why(privacy: PrivacyList, entry: Suppressed | Withheld) -> str:
    return f"{dutch.printable(privacy.reason_of(entry))}, {dutch.date(entry.date)}"


def _entry_json(privacy: PrivacyList, entry: Suppressed | Withheld, met: Effect | None) -> dict[str, Any]:
    found: dict[str, Any] = {"reason": privacy.reason_of(entry), "date": entry.date.isoformat()}
    if met:
        found["documents"] = met.documents
    if met and isinstance(entry, Suppressed):
        found |= {"passages": met.passages, "withInitials": met.initials}
    return found

"""Whether what was found is still current, in the language of who reads."""

from __future__ import annotations

from collections.abc import Sequence

from api.pages.words import Words
from kb.milestones import Milestone, Timeliness


def sentences_of(found: Timeliness, words: Words) -> list[str]:
    """How old the newest document is, and which laws came after it; see `kb.milestones.in_dutch`."""
    if found.newest is None:
        told = [words.gettext("Van deze stukken is geen datum zeker, dus ook niet hoe actueel ze zijn.")]
    else:
        age = words.age(found.newest, found.today) or words.gettext("minder dan een jaar oud")
        newest = words.gettext("Het nieuwste van deze stukken is van %(day)s, %(age)s.")
        told = [newest % {"day": words.date(found.newest), "age": age}]
        if found.undated:
            undated = words.gettext("Van %(documents)s is de datum niet zeker.")
            told.append(undated % {"documents": words.count(found.undated, "document", "documenten")})
    if found.later:
        later = words.gettext("Daarna in werking getreden: %(laws)s. Ga na of wat er staat dan nog geldt.")
        told.append(later % {"laws": _listed(found.later, words)})
    if found.coming:
        told.append(words.gettext("Er komt aan: %(laws)s.") % {"laws": _listed(found.coming, words)})
    if found.unsure:
        unsure = words.gettext("Wanneer dit in werking treedt of trad, is niet zeker: %(laws)s.")
        told.append(unsure % {"laws": _listed(found.unsure, words)})
    return told


def _listed(laws: Sequence[Milestone], words: Words) -> str:
    return "; ".join(
        law.name + (f" ({law.part})" if law.part else "") + (f", {words.date(law.date)}" if law.date else "")
        for law in laws
    )

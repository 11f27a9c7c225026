"""The command that tells what was asked and not answered."""

from __future__ import annotations

from itertools import groupby

from kb.cli.options import IndexesOption, JsonOption, read_settings, show


def gaps(indexes: IndexesOption = None, as_json: JsonOption = False) -> None:
    """Print what three or more asked the service in a month and no document answers."""
    from kb.gaps import SHOWN_FROM
    from kb.gaps.keeping import Gaps
    from kb.privacy.live import LivePrivacy

    settings = read_settings(indexes=indexes)
    kept = Gaps(settings, LivePrivacy(settings))
    found = kept.all()
    lines = []
    for month, asked in groupby(found, key=lambda gap: gap.month):
        lines.append(month)
        lines += [f"  {gap.askers:>4} vragers: {gap.words}" for gap in asked]
    empty = (
        f"Niets waar {SHOWN_FROM} of meer vragers in een maand geen antwoord op kregen."
        if kept.is_on
        else "Vragen zonder antwoord worden niet bijgehouden. Zet daarvoor KB_GAPS op on."
    )
    told = {
        "kept": kept.is_on,
        "shownFrom": SHOWN_FROM,
        "days": kept.days,
        "gaps": [{"words": gap.words, "askers": gap.askers, "month": gap.month} for gap in found],
    }
    show("\n".join(lines) or empty, told, as_json=as_json)

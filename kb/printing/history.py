"""Meetings, themes and timelines: what `kb events`, `kb themes` and `kb timeline` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kb import dutch
from kb.documents import Kind
from kb.history import FollowedTheme
from kb.history.meetings import Meeting
from kb.history.proceedings import Participant, Proceedings, Stated
from kb.history.timelines import FEW_OF_YEAR, FEW_PASSAGES, Mention, Timeline, YearOfTheme
from kb.minutes import StatementKind
from kb.printing.hits import document_json, source_line
from kb.suggestions.themes import SuggestedTheme
from kb.themes import themes_yaml

_KINDS = {
    Kind.VERSLAG: ("verslag", "verslagen"),
    Kind.PRESENTATIE: ("presentatie", "presentaties"),
    Kind.PAPER: ("paper", "papers"),
    Kind.OVERIG: ("ander stuk", "andere stukken"),
}
_STATEMENTS = {
    StatementKind.BESLUIT: "Besluiten en afspraken",
    StatementKind.ACTIE: "Acties",
    StatementKind.VRAAG: "Vragen",
    StatementKind.CITAAT: "Wie wat zei",
}
# Characters of the longest bar of a timeline.
_BAR = 30


def meetings_text(meetings: Sequence[Meeting], *, total: int) -> str:
    """Meetings, each on a line with its documents, and its id below it."""
    lines = [dutch.count(total, "bijeenkomst", "bijeenkomsten"), ""]
    for meeting in meetings:
        told = [dutch.printable(meeting.name), *([dutch.printable(meeting.place)] if meeting.place else [])]
        lines += [
            f"{_day(meeting)}: {', '.join(told)} ({_documents(meeting)})",
            f"   {meeting.id}",
        ]
    if total > len(meetings):
        lines.append("Er zijn er meer: --limit en --offset")
    return "\n".join(lines).rstrip()


def meeting_json(meeting: Meeting) -> dict[str, Any]:
    """A meeting as the API gives it, without its links."""
    return {
        "id": meeting.id,
        "name": meeting.name,
        "date": meeting.date.isoformat() if meeting.date else None,
        "dateText": meeting.date_text,
        "place": meeting.place,
        "host": meeting.host,
        "speakers": list(meeting.speakers),
        "documentCounts": {kind.value: number for kind, number in meeting.counts.items()},
    }


def proceedings_text(found: Proceedings) -> str:
    """All that is told of a meeting: facts, documents, and what was said and decided, with its sources."""
    meeting = found.meeting
    lines = [dutch.printable(meeting.name), _day(meeting)]
    lines += [
        f"{name}: {dutch.printable(value)}"
        for name, value in (("Plaats", meeting.place), ("Gastheer", meeting.host))
        if value
    ]
    if found.people:
        lines.append("Wie sprak: " + "; ".join(_person(one) for one in found.people))
    if found.municipalities:
        named = (f"{one.label.name} ({one.passages})" for one in found.municipalities)
        lines.append("Genoemde gemeenten: " + ", ".join(named))
    lines += ["", "Documenten:"]
    lines += [
        f"  {_KINDS[kind][0]}: {dutch.printable(record.title)} ({dutch.printable(record.source)})"
        for kind, records in meeting.by_kind.items()
        for record in records
    ]
    for kind, heading in _STATEMENTS.items():
        some = found.of(kind)
        if some:
            lines += ["", f"{heading} ({dutch.thousands(len(some))}):"]
            lines += [line for one in some for line in _stated(one)]
    return "\n".join(lines)


def proceedings_json(found: Proceedings) -> dict[str, Any]:
    """All that is told of a meeting as the API gives it, with the words of its statements."""
    by_kind = {kind.value: found.meeting.by_kind.get(kind, ()) for kind in Kind}
    return {
        **meeting_json(found.meeting),
        "documents": {kind: [document_json(one) for one in some] for kind, some in by_kind.items()},
        "statements": {kind.value: number for kind, number in found.counts.items()},
        "said": [_stated_json(one) for one in found.statements],
        "people": [
            {
                "name": one.name,
                "role": one.role,
                "organisation": one.organisation,
                "quotations": one.quotations,
            }
            for one in found.people
        ],
        "municipalities": [
            {
                "code": one.label.key,
                "name": one.label.name,
                "passages": one.passages,
                "documents": one.documents,
            }
            for one in found.municipalities
        ],
    }


def themes_text(themes: Sequence[FollowedTheme]) -> str:
    """Themes with their counts."""
    lines = [dutch.count(len(themes), "thema", "thema's"), ""]
    for one in themes:
        passages = dutch.count(one.passages, "passage", "passages")
        documents = dutch.count(one.documents, "document", "documenten")
        where = "" if one.is_defined else " (alleen bij documenten vastgelegd)"
        lines.append(f"{dutch.printable(one.theme.name)}: {passages} in {documents}{where}")
    return "\n".join(lines).rstrip()


def themes_json(themes: Sequence[FollowedTheme]) -> list[dict[str, Any]]:
    """Themes as the API gives them, without their links."""
    return [theme_json(one) for one in themes]


def theme_json(found: FollowedTheme) -> dict[str, Any]:
    """A theme as the API gives it, without its links."""
    return {
        "id": found.theme.id,
        "name": found.theme.name,
        "description": found.theme.description,
        "queries": list(found.theme.queries),
        "defined": found.is_defined,
        "passages": found.passages,
        "documents": found.documents,
    }


def suggested_text(suggested: Sequence[SuggestedTheme]) -> str:
    """What could be a theme, as it may be put in the file of themes, with the reason in a comment."""
    if not suggested:
        return "# Er zijn geen onderwerpen gevonden waar de documenten vaak genoeg op terugkomen."
    lines = [
        "# Onderwerpen waar de documenten op terugkomen. Neem over wat een thema moet worden: KB_THEMES."
    ]
    for one in suggested:
        years = {one.first_year, one.last_year} - {None}
        told = f", {'-'.join(map(str, sorted(filter(None, years))))}" if years else ""
        passages = dutch.count(one.passages, "passage", "passages")
        documents = dutch.count(one.documents, "document", "documenten")
        lines += ["", f"# {passages} in {documents}{told}", themes_yaml([one.theme]).rstrip()]
    return "\n".join(lines)


def suggested_json(suggested: Sequence[SuggestedTheme]) -> list[dict[str, Any]]:
    """The same as the API gives it."""
    return [
        {
            "name": one.theme.name,
            "queries": list(one.theme.queries),
            "passages": one.passages,
            "documents": one.documents,
            "firstYear": one.first_year,
            "lastYear": one.last_year,
        }
        for one in suggested
    ]


def timeline_text(found: FollowedTheme, told: Timeline) -> str:
    """A theme over the years, with a bar for the share of each year."""
    passages = dutch.count(told.passages, "passage", "passages")
    documents = dutch.count(told.documents, "document", "documenten")
    lines = [f"{dutch.printable(found.theme.name)}: {passages} in {documents}"]
    if told.first and told.last:
        lines.append(f"Voor het eerst op {dutch.date(told.first.date)}: {_mention(told.first)}")
        lines.append(f"Voor het laatst op {dutch.date(told.last.date)}: {_mention(told.last)}")
    lines += ["", "Jaar  Passages  Documenten  Bijeenkomsten   Deel van het jaar"]
    most = max((one.share or 0 for one in told.years), default=0)
    lines += [_year(one, most) for one in told.years]
    if told.undated.passages:
        lines.append(f"Datum onbekend: {dutch.count(told.undated.passages, 'passage', 'passages')}")
    if any(one.is_small for one in told.years):
        few = f"minder dan {FEW_PASSAGES} passages over het thema, of minder dan {FEW_OF_YEAR} van het jaar"
        lines += ["", f"* klein aantal: {few}"]
    return "\n".join(lines)


def timeline_json(found: FollowedTheme, told: Timeline) -> dict[str, Any]:
    """A timeline as the API gives it, without its links."""
    return {
        "theme": theme_json(found),
        "years": [_year_json(one) for one in told.years],
        "undated": _year_json(told.undated),
        "firstMention": _mention_json(told.first),
        "lastMention": _mention_json(told.last),
    }


def _day(meeting: Meeting) -> str:
    if meeting.date:
        return dutch.date(meeting.date)
    return f"{dutch.printable(meeting.date_text)} (niet zeker)" if meeting.date_text else "datum onbekend"


def _documents(meeting: Meeting) -> str:
    return ", ".join(dutch.count(number, *_KINDS[kind]) for kind, number in meeting.counts.items())


def _person(person: Participant) -> str:
    told = ", ".join(filter(None, (person.role, person.organisation)))
    return dutch.printable(person.name + (f" ({told})" if told else ""))


def _stated(one: Stated) -> list[str]:
    """A statement, with marks around the words that are literally somebody's."""
    told = one.statement
    is_literal = told.kind is StatementKind.CITAAT and told.literal
    text = dutch.printable(one.text)
    by = ", ".join(filter(None, (told.speaker, told.role, told.organisation)))
    return [
        f"  - «{text}»" if is_literal else f"  - {text}",
        *([f"    {dutch.printable(by)}{'' if is_literal else ' (niet letterlijk)'}"] if by else []),
        f"    {source_line(one.document, one.passage.locator)}",
    ]


def _stated_json(one: Stated) -> dict[str, Any]:
    told = one.statement
    return {
        "kind": told.kind.value,
        "text": one.text,
        "speaker": told.speaker,
        "role": told.role,
        "organisation": told.organisation,
        "literal": told.literal,
        "documentId": one.document.id,
        "passageId": one.passage.id,
    }


def _year(one: YearOfTheme, most: float) -> str:
    share = "     -" if one.share is None else f"{100 * one.share:5.1f}%".replace(".", ",")
    bar = "█" * round(_BAR * (one.share or 0) / most) if most else ""
    counts = f"{one.passages:8}  {one.documents:10}  {one.events:13}"
    return f"{one.year}  {counts}  {share}{'*' if one.is_small else ' '} {bar}".rstrip()


def _year_json(one: YearOfTheme) -> dict[str, Any]:
    return {
        "year": one.year,
        "passages": one.passages,
        "documents": one.documents,
        "events": one.events,
        "allPassages": one.all_passages,
        "share": None if one.share is None else round(one.share, 6),
        "small": one.is_small,
    }


def _mention(mention: Mention) -> str:
    return dutch.printable(mention.document.title)


def _mention_json(mention: Mention | None) -> dict[str, Any] | None:
    if mention is None:
        return None
    return {"date": mention.date.isoformat(), "document": document_json(mention.document)}

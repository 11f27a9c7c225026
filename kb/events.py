"""Which report, slides and papers are of one meeting, by sidecar, folder, date and name.

In order:

1. what a sidecar says;
2. a folder named by a date is one meeting, and all that lies in it is of it, whatever dates it bears itself:
   a handout has the day on which it was written;
3. otherwise reports of one group on one day are of one meeting, the slides, agendas and papers of that day
   join it, and slides without a report are a meeting of their own. A paper by itself is none.

A group is the folder that remains without folders for sorts of files ("Verslagen", "Presentaties") and
dates; what lies deeper may join the meetings of the group around it. No date is made up: a report without a
certain one is a meeting by itself, which only slides and agendas join that bear the date of its name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kb.dates import find_date_in_name
from kb.documents import Event, Kind, Metadata

_SORTS = re.compile(
    r"(?:overige |andere |other )?"
    r"(?:verslag(?:en)?|notulen|presentaties?|slides|documenten|documents|stukken|"
    r"bijlagen?|agenda['’]?s?|papers?|notities|minutes|reports|vergaderingen|vergaderstukken|files)",
    re.IGNORECASE,
)
_AGENDA = re.compile(r"\bagenda\b|\bprogramma\b|\buitnodiging\b", re.IGNORECASE)

_Group = tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Meeting:
    group: _Group
    date: dt.date | None
    # The date in the name of a report that has no certain one.
    named: dt.date | None = None
    has_report: bool = False
    paths: list[str] = field(default_factory=list)


class _Meetings:
    """Meetings in the order in which they were found, by their group and their day."""

    def __init__(self, found: Iterable[_Meeting] = ()) -> None:
        self.found: list[_Meeting] = []
        self._own: dict[tuple[_Group, dt.date], _Meeting] = {}
        self._of_day: dict[dt.date, list[_Meeting]] = {}
        for meeting in found:
            self.add(meeting)

    def add(self, meeting: _Meeting) -> None:
        """One more."""
        self.found.append(meeting)
        for day in {day for day in (meeting.date, meeting.named) if day}:
            self._of_day.setdefault(day, []).append(meeting)
        if meeting.date:
            self._own.setdefault((meeting.group, meeting.date), meeting)

    def of(self, group: _Group, date: dt.date) -> _Meeting:
        """The meeting of a group on a day, a new one if there is none."""
        known = self._own.get((group, date))
        if known is None:
            known = _Meeting(group=group, date=date)
            self.add(known)
        return known

    def on(self, day: dt.date, *, by_name: bool) -> list[_Meeting]:
        """The meetings of a day; `by_name`: also those that bear it in the name of their report alone."""
        return [one for one in self._of_day.get(day, ()) if by_name or one.date == day]

    def settle(self, meeting: _Meeting, day: dt.date) -> None:
        """Say that a meeting without a certain day, which bears this one in a name, was on it."""
        if meeting.date is None:
            meeting.date = day
            self._own.setdefault((meeting.group, day), meeting)


def group_events(described: Mapping[str, Metadata]) -> dict[str, Event]:
    """The event of each document that has one, by its path in the corpus.

    `described` holds the completed metadata of every document by its path. An event takes its place, host
    and speakers from its documents, reports first.
    """
    events = {path: told.event for path, told in described.items() if told.event}
    meetings = _meetings({path: told for path, told in described.items() if not told.event})
    names = _names(meetings, described)
    for meeting, name in zip(meetings, names, strict=True):
        event = _event(name, meeting, [described[path] for path in meeting.paths])
        events.update(dict.fromkeys(meeting.paths, event))
    return events


def _meetings(described: Mapping[str, Metadata]) -> list[_Meeting]:
    dated = _Meetings()
    free: list[str] = []
    for path in sorted(described):
        place = _dated_folder(path)
        if place:
            dated.of(*place).paths.append(path)
        else:
            free.append(path)
    found = _Meetings(meeting for meeting in dated.found if _is_meeting(meeting, described))
    taken = {path for meeting in found.found for path in meeting.paths}
    free = [path for path in sorted(described) if path not in taken]
    for path in (path for path in free if described[path].kind is Kind.VERSLAG):
        _add_report(found, path, described[path])
    slides = [
        path for path in free if described[path].kind is not Kind.VERSLAG and _is_shown(path, described)
    ]
    for path in slides:
        day, group = described[path].date, _group(path)
        if day and not _join(found, path, day, by_name=True):
            found.of(group, day).paths.append(path)
    shown = set(slides)
    others = [path for path in free if described[path].kind is not Kind.VERSLAG and path not in shown]
    for path in others:
        if day := described[path].date:
            _join(found, path, day, by_name=False)
    return found.found


def _add_report(found: _Meetings, path: str, told: Metadata) -> None:
    if told.date:
        meeting = found.of(_group(path), told.date)
        meeting.has_report = True
    else:
        in_name = find_date_in_name(path.rsplit("/", 1)[-1])
        named = in_name.date if in_name else None
        meeting = _Meeting(group=_group(path), date=None, named=named, has_report=True)
        found.add(meeting)
    meeting.paths.append(path)


def _join(found: _Meetings, path: str, day: dt.date, *, by_name: bool) -> bool:
    """Whether a document joins a meeting of its day: of its own group, or else the only one around it."""
    group = _group(path)
    of_day = found.on(day, by_name=by_name)
    own = [one for one in of_day if one.group == group]
    near = [one for one in of_day if _is_within(one.group, group) or _is_within(group, one.group)]
    chosen = own or near
    if len(chosen) != 1:
        return False
    chosen[0].paths.append(path)
    # Slides that bear the date of a report's name settle it.
    found.settle(chosen[0], day)
    return True


def _is_within(inner: _Group, outer: _Group) -> bool:
    return bool(outer) and inner[: len(outer)] == outer


def _dated_folder(path: str) -> tuple[_Group, dt.date] | None:
    """The group and the day of the nearest folder around a file that is named by a day."""
    folders = path.split("/")[:-1]
    for depth in range(len(folders), 0, -1):
        found = find_date_in_name(folders[depth - 1])
        if found and found.date:
            return _group("/".join((*folders[: depth - 1], ""))), found.date
    return None


def _group(path: str) -> _Group:
    """The folders around a file, but for those of dates and sorts of files."""
    folders = path.split("/")[:-1]
    return tuple(
        folder for folder in folders if not _SORTS.fullmatch(folder.strip()) and not _is_date(folder)
    )


def _is_date(folder: str) -> bool:
    found = find_date_in_name(folder)
    return bool(found and found.date)


def _is_meeting(meeting: _Meeting, described: Mapping[str, Metadata]) -> bool:
    """Whether a folder named by a day is a meeting's: it lies among reports, or holds a report or slides."""
    return any(
        _is_shown(path, described) or any(_SORTS.fullmatch(folder) for folder in path.split("/")[:-1])
        for path in meeting.paths
    )


def _is_shown(path: str, described: Mapping[str, Metadata]) -> bool:
    """Whether a document is of a meeting by its sort: a report, slides or an agenda."""
    told = described[path]
    is_agenda = _AGENDA.search(f"{path.rsplit('/', 1)[-1]}\n{told.title or ''}") is not None
    return told.kind in (Kind.VERSLAG, Kind.PRESENTATIE) or is_agenda


def _names(meetings: Sequence[_Meeting], described: Mapping[str, Metadata]) -> list[str]:
    """The name of each: its group's, with as many folders as tell it from others; without a group, the title
    of its report.
    """
    groups = {meeting.group for meeting in meetings}
    endings = Counter(group[-length:] for group in groups for length in range(1, len(group) + 1))
    return [_name(meeting, endings, described) for meeting in meetings]


def _name(meeting: _Meeting, endings: Mapping[_Group, int], described: Mapping[str, Metadata]) -> str:
    """The name of a meeting; `endings` tells how many groups end so."""
    first = min(meeting.paths, key=lambda path: (described[path].kind is not Kind.VERSLAG, path))
    stem = re.sub(r"\.[A-Za-z]{2,8}$", "", first.rsplit("/", 1)[-1])
    # Without a date only the name of its file tells one meeting of a group, or of none, from another.
    if not meeting.group:
        return (meeting.date and described[first].title) or stem
    length = 1
    while length < len(meeting.group) and endings[meeting.group[-length:]] > 1:
        length += 1
    group = " / ".join(meeting.group[-length:])
    return group if meeting.date else f"{group}, {stem}"


def _event(name: str, meeting: _Meeting, told: Sequence[Metadata]) -> Event:
    reports_first = sorted(told, key=lambda one: one.kind is not Kind.VERSLAG)
    speakers = tuple(dict.fromkeys(speaker for one in reports_first for speaker in one.speakers))
    return Event(
        name=name,
        date=meeting.date,
        place=next((one.place for one in reports_first if one.place), None),
        host=next((one.host for one in reports_first if one.host), None),
        speakers=speakers,
    )

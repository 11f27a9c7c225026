"""What an index tells of the years: which meetings there were, what was decided at them, which themes are
talked of, and how that changed."""

from __future__ import annotations

from dataclasses import dataclass

from kb.documents import name_key
from kb.errors import NotFound
from kb.history.meetings import Meeting, find_meeting, is_within, meetings_of, without_dates
from kb.history.proceedings import Proceedings, proceedings
from kb.history.timelines import Timeline, timeline
from kb.index import Filter, Index
from kb.index.labels import LabelFacet
from kb.listing import list_documents
from kb.suggestions.themes import LearnedThemes, SuggestedTheme, SuggestedThemes, suggest_themes
from kb.themes import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedTheme:
    """A theme with the numbers of its passages and documents.

    `is_defined` for one of the file of themes; others are only named by metadata of documents.
    """

    theme: Theme
    passages: int
    documents: int
    is_defined: bool


class History:
    """The meetings and themes of an index."""

    def __init__(self, index: Index, suggested: LearnedThemes) -> None:
        self._index = index
        self._suggested = suggested

    def meetings(self, filter: Filter | None = None) -> list[Meeting]:
        """The meetings that a filter allows, the latest first and those without a date last.

        Years and dates are those of the meeting itself; all else is asked of its documents, of which one must
        hold a passage that the filter allows.
        """
        every = meetings_of(self._index.documents())
        filter = filter or Filter()
        asked = without_dates(filter)
        if not asked.is_open:
            holding = {record.id for record in list_documents(self._index, asked)}
            every = [one for one in every if any(record.id in holding for record in one.documents)]
        return [one for one in every if is_within(one, filter)]

    def meeting(self, name: str) -> Meeting:
        """The meeting with this id, or with the name that its address has. Raises `NotFound`."""
        return find_meeting(self._index.documents(), name)

    def proceedings(self, name: str) -> Proceedings:
        """What was said and decided at a meeting, by its id or the name of its address. Raises `NotFound`."""
        return proceedings(self._index, self.meeting(name))

    def themes(self) -> list[FollowedTheme]:
        """The themes of the file in its order, then those that only metadata name, most documents first."""
        counts = {one.label.key: one for one in self._index.label_counts(LabelFacet.THEME)}
        found = []
        for theme in self._index.themes():
            count = counts.pop(theme.key, None)
            found.append(
                FollowedTheme(
                    theme=theme,
                    passages=count.passages if count else 0,
                    documents=count.documents if count else 0,
                    is_defined=True,
                )
            )
        return found + [
            FollowedTheme(
                # A name of metadata may be longer than one of the file.
                theme=Theme.model_construct(name=one.label.name, description="", queries=()),
                passages=one.passages,
                documents=one.documents,
                is_defined=False,
            )
            for one in counts.values()
        ]

    def theme(self, name: str) -> FollowedTheme:
        """The theme with this id or name, in whatever case it is written. Raises `NotFound`."""
        for one in self.themes():
            if name == one.theme.id or name_key(name) == one.theme.key:
                return one
        raise NotFound(f"There is no theme {name!r} in the live index. See kb themes")

    def timeline(self, name: str) -> Timeline:
        """How much is said of a theme, by its id or name, in each year. Raises `NotFound`."""
        return timeline(self._index, self.theme(name).theme)

    def suggested_themes(self) -> SuggestedThemes:
        """What else the documents come back to; not complete until some seconds after it is first asked."""
        return self._suggested.of(self._index)

    def suggest_themes(self) -> list[SuggestedTheme]:
        """What else the documents come back to, at once; takes some seconds."""
        return suggest_themes(self._index)

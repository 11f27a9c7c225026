"""What a reader may be about to ask: names and frequent phrases of the documents that begin as typed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SuggestionKind(StrEnum):
    """What a suggestion is, those first that say most of it."""

    THEME = "theme"
    EVENT = "event"
    SPEAKER = "speaker"
    HOST = "host"
    TITLE = "title"
    PHRASE = "phrase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A text that may be meant, and the number of documents that have it."""

    text: str
    kind: SuggestionKind
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What may be meant; `is_complete` is false for as long as the phrases are still being learned."""

    suggestions: tuple[Suggestion, ...]
    is_complete: bool

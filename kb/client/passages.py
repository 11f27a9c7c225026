"""What the service answers of passages that filters allow; see `kb.client.answers`."""

from __future__ import annotations

from kb.client.answers import Answer, DocumentName, Locator, PageLinks, PassageLinks, PlaceName, Statement


class ListedPassage(Answer):
    """A passage in a list, with what it states and which places it names."""

    passage_id: str
    text: str
    document: DocumentName
    locator: Locator
    statements: tuple[Statement, ...]
    places: tuple[PlaceName, ...]
    links: PassageLinks


class PassagesAnswer(Answer):
    """One page of passages, those of the newest documents first, and how many there are in all."""

    total: int
    limit: int
    offset: int
    generation: str
    links: PageLinks
    passages: tuple[ListedPassage, ...]

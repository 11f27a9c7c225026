"""Pages one after another: until the end, and only as long as they are pages of one index."""

from __future__ import annotations

from kb.client.errors import GenerationChanged

PAGE = 50


class Pages:
    """Where in a list a client is. `offset` is None at its end."""

    def __init__(self, offset: int) -> None:
        self.offset: int | None = offset
        self._generation: str | None = None

    def turn(self, *, items: int, total: int, generation: str) -> None:
        """Note a page with so many items. Raises `GenerationChanged` when it is of another index."""
        if self._generation not in (None, generation):
            raise GenerationChanged(
                f"Index {generation} took the place of {self._generation} between two pages. Begin again"
            )
        self._generation = generation
        assert self.offset is not None  # noqa: S101 - nobody turns past the end
        self.offset += items
        if not items or self.offset >= total:
            self.offset = None

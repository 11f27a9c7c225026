"""What is found on one PDF page: fragments of text with their place, and how much is drawn."""

from __future__ import annotations

from dataclasses import dataclass

# In units of the font size: less than a space apart is the same word, further apart than
# the widest justified space may be another column.
WORD_GAP = 0.15
PIECE_GAP = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Text shown in one go, without a wide gap.

    Coordinates are in points on the page as it is seen: `x0` to `x1` from the left, `y` the
    baseline from the top. `turn` is the direction of reading in quarter turns; the
    coordinates of a turned fragment are those of the page turned upright for it. `order` is
    its rank in the stream; `running` says that the file marks it as header or footer.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    order: int
    space_before: bool = False
    turn: int = 0
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """What one page shows. `image_area` is the largest image's share of the page, from 0 to 1;
    `strokes` counts path segments, which may be letters drawn as outlines; `unmapped` counts
    strings in fonts that do not say which characters their glyphs are; `fault` says what of its
    drawing is lost."""

    width: float
    height: float
    fragments: list[Fragment]
    image_area: float
    strokes: int
    unmapped: int = 0
    truncated: bool = False
    fault: str | None = None

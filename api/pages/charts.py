"""The chart of a timeline: where its bars and words stand in an SVG. The template draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kb.history.timelines import YearOfTheme

# In units of the drawing, which is scaled to the width of the page.
WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 14, 34
_MOST_LABELS = 16
_LINES = 4
_GAP = 0.25
_WIDEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A year: its column and, where there is something of the theme, its bar; `label` where it is written."""

    told: YearOfTheme
    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the scale, and the share that it stands for."""

    y: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The bars of a timeline, a column a year, and the lines of its scale."""

    bars: Sequence[Bar]
    lines: Sequence[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    base: int = HEIGHT - _BOTTOM

    @classmethod
    def of(cls, years: Sequence[YearOfTheme]) -> Chart | None:
        """The chart of these years; None where there is nothing to draw."""
        top = _rounded_up(max((one.share or 0 for one in years), default=0))
        if not top:
            return None
        column = (WIDTH - _LEFT - _RIGHT) / len(years)
        width = min(_WIDEST, column * (1 - _GAP))
        room = HEIGHT - _BOTTOM - _TOP
        every = -(-len(years) // _MOST_LABELS)
        bars = []
        for number, told in enumerate(years):
            height = room * (told.share or 0) / top
            # Counted from the last year, which is always written.
            is_written = (len(years) - 1 - number) % every == 0
            middle = _LEFT + column * (number + 0.5)
            bars.append(
                Bar(
                    told=told,
                    x=round(middle - width / 2, 1),
                    y=round(HEIGHT - _BOTTOM - height, 1),
                    width=round(width, 1),
                    height=round(height, 1),
                    middle=round(middle, 1),
                    label=str(told.year) if is_written else "",
                )
            )
        shares = [top * step / _LINES for step in range(_LINES + 1)]
        lines = [Line(y=round(HEIGHT - _BOTTOM - room * share / top, 1), share=share) for share in shares]
        return cls(bars=bars, lines=lines)


def _rounded_up(share: float) -> float:
    """The least of 1, 2, 4 or 8 times a power of ten that is no less: its quarters are round as well."""
    if share <= 0:
        return 0
    power = 10.0 ** math.floor(math.log10(share))
    return min(1.0, next(power * step for step in (1, 2, 4, 8, 10) if share <= power * step * (1 + 1e-9)))

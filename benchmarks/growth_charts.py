"""Charts of growth as SVG: both axes logarithmic, a line for each of what was measured."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 40, 50
# Colours that remain apart for who sees no red or no green (Okabe and Ito 2008), and a mark for each.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """What is drawn, by its name: pairs of passages and what was measured."""

    name: str
    points: Points


def draw(told: Mapping[str, Any], folder: Path) -> None:
    """Write growth-time.svg and growth-memory.svg of what growth.py measured."""
    sizes = sorted(int(name.split()[0]) for name in told if name.endswith(" written"))
    if not sizes:
        return
    folder.mkdir(parents=True, exist_ok=True)

    def line(name: str, key: str, value: str) -> Line:
        found = ((size, told.get(key.format(size), {}).get(value)) for size in sizes)
        return Line(name, [(size, number) for size, number in found if number])

    time = [
        line("p50, 1 client", "{} clients 1", "p50"),
        line("p95, 1 client", "{} clients 1", "p95"),
        line("p95, 16 clients", "{} clients 16", "p95"),
        line("txtai p95, in process", "{} txtai", "p95"),
        line("Haystack p95, in process", "{} haystack", "p95"),
    ]
    memory = [
        line("service", "{} clients 16", "megabytes"),
        line("txtai", "{} txtai", "megabytes"),
        line("Haystack", "{} haystack", "megabytes"),
    ]
    (folder / "growth-time.svg").write_text(chart("Search time (ms)", time), encoding="utf-8")
    (folder / "growth-memory.svg").write_text(chart("Memory (MB)", memory), encoding="utf-8")


def chart(title: str, lines: Sequence[Line]) -> str:
    """One chart of the lines that have points; passages lie along the horizontal axis."""
    lines = [line for line in lines if line.points]
    across = _Scale([x for line in lines for x, _ in line.points], _LEFT, _WIDTH - _RIGHT)
    up = _Scale([y for line in lines for _, y in line.points], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        "<style>text { font-family: sans-serif; font-size: 12px }</style>",
        f"<title>{html.escape(title)} by number of passages</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold">{html.escape(title)}</text>',
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">passages</text>',
    ]
    foot = _HEIGHT - _BOTTOM + 18
    for value, at in across.ticks():
        parts += _rule(at, _TOP, at, _HEIGHT - _BOTTOM)
        parts.append(f'<text x="{at:.1f}" y="{foot}" text-anchor="middle">{value:,.0f}</text>')
    for value, at in up.ticks():
        parts += _rule(_LEFT, at, _WIDTH - _RIGHT, at)
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    for number, (line, colour) in enumerate(zip(lines, _COLOURS, strict=False)):
        places = [(across.at(x), up.at(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places]
        y = _TOP + 10 + 20 * number
        parts.append(f'<circle cx="{_WIDTH - _RIGHT + 20}" cy="{y}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 30}" y="{y + 4}">{html.escape(line.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """A logarithmic axis over whole powers of ten, from `start` to `end` of the picture."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        logs = [math.log10(value) for value in values] or [0.0]
        self._low, self._high = math.floor(min(logs)), math.ceil(max(logs) - 1e-9)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Where a value lies."""
        share = (math.log10(value) - self._low) / max(1, self._high - self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[tuple[float, float]]:
        """The powers of ten, and where they lie."""
        return [(10.0**power, self.at(10.0**power)) for power in range(self._low, self._high + 1)]


def _rule(x1: float, y1: float, x2: float, y2: float) -> list[str]:
    return [f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>']

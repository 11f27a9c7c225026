"""Places on a PDF page: its matrices (ISO 32000-1, 8.3) and its quarter turns."""

from __future__ import annotations

import math
from typing import Any

from pypdf import PageObject

Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def page_matrix(page: PageObject) -> tuple[Matrix, float, float]:
    """From the file's coordinates to those of the page as it is seen, origin bottom left."""
    box = page.cropbox
    left, bottom = float(box.left), float(box.bottom)
    width, height = float(box.width), float(box.height)
    quarter = (page.rotation // 90) % 4
    moved: Matrix = (1, 0, 0, 1, -left, -bottom)
    turns: list[tuple[Matrix, float, float]] = [
        (IDENTITY, width, height),
        ((0, -1, 1, 0, 0, width), height, width),
        ((-1, 0, 0, -1, width, height), width, height),
        ((0, 1, -1, 0, height, 0), height, width),
    ]
    turn, seen_width, seen_height = turns[quarter]
    return multiply(moved, turn), abs(seen_width), abs(seen_height)


def turned(x: float, y: float, turn: int, size: tuple[float, float]) -> tuple[float, float]:
    """The point on the page that is turned so that text reading in direction `turn` is upright."""
    width, height = size
    return [(x, y), (y, width - x), (width - x, height - y), (height - y, x)][turn]


def quarter(dx: float, dy: float) -> int:
    """0 to the right, 1 upwards, 2 to the left, 3 downwards."""
    return round(math.atan2(dy, dx) / (math.pi / 2)) % 4


def matrix_of(numbers: Any) -> Matrix:
    """The last six operands as a matrix; ValueError or TypeError when they are no six numbers."""
    a, b, c, d, e, f = (float(number) for number in list(numbers)[-6:])
    return a, b, c, d, e, f


def multiply(m: Matrix, n: Matrix) -> Matrix:
    """First `m`, then `n`."""
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    """Where `m` puts a point."""
    return x * m[0] + y * m[2] + m[4], x * m[1] + y * m[3] + m[5]

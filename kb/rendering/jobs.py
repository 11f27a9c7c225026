"""What is asked of the process that draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

# The files that a worker leaves in its folder.
ANSWER = "answer.json"
SLIDES = "slides.pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much memory and time (of the processor, and by the clock) a job may take, and how large a file it
    may write."""

    megabytes: int
    seconds: int
    written_bytes: int = 300_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetJob:
    """What is on a page of a PDF. `sha256` is what the file must be; `parent` the process that asks.

    `names` and `hides_scans` are those of `kb.rendering.Veil`: a page that they mean gives nothing.
    """

    file: Path
    sha256: str
    bounds: Bounds
    parent: int
    page: int
    names: tuple[tuple[str, ...], ...] = ()
    hides_scans: bool = False
    job: Literal["sheet"] = "sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesJob:
    """Pages of a PDF as PNGs of `width` pixels; those that it does not have, and those that may not be seen,
    are left out."""

    file: Path
    sha256: str
    bounds: Bounds
    parent: int
    pages: tuple[int, ...]
    width: int
    names: tuple[tuple[str, ...], ...] = ()
    hides_scans: bool = False
    job: Literal["pictures"] = "pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidesJob:
    """A presentation as a PDF with a page for every slide. `suffix` tells LibreOffice what it is."""

    file: Path
    sha256: str
    bounds: Bounds
    parent: int
    suffix: str
    job: Literal["slides"] = "slides"


Job = SheetJob | PicturesJob | SlidesJob


def as_json(job: Job) -> bytes:
    """A job as it is written to a worker."""
    return _jobs().dump_json(job)


def job_of(data: bytes) -> Job:
    """The reverse of `as_json`."""
    return _jobs().validate_json(data)


def picture_name(number: int) -> str:
    """The file in which a worker leaves the picture of a page."""
    return f"{number}.png"


@cache
def _jobs() -> TypeAdapter[Job]:
    return TypeAdapter(Job)

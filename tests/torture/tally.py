"""What became of one promise: counts, and each time that it was broken."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Unavailable(Exception):
    """This machine lacks what a measurement needs; the message says what."""


@dataclass(slots=True)
class Tally:
    """The counts of one promise. `broken` says of each breach what happened and how to see it again."""

    promise: str
    counts: Counter[str] = field(default_factory=Counter)
    figures: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    def breach(self, what: str) -> None:
        """Note that the promise was broken, at once and for the table."""
        self.broken.append(what)
        print(f"  BROKEN: {what}", file=sys.stderr, flush=True)

    def note(self, what: str) -> None:
        """Say how far it is."""
        print(f"  {what}", file=sys.stderr, flush=True)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time within; what this machine lacks is a skip, not a breach."""
        started = time.monotonic()
        try:
            yield
        except Unavailable as reason:
            self.skipped = str(reason)
        except AssertionError as reason:
            self.breach(f"it could not be measured: {reason}")
        finally:
            self.seconds += time.monotonic() - started


def table(tallies: list[Tally]) -> str:
    """All of it as one Markdown table."""
    rows = ["| Promise | Broken | Counts | Minutes |", "|---|---|---|---|"]
    for tally in tallies:
        told = [f"{number:,} {what}" for what, number in tally.counts.items()]
        told += [f"{name} {figure}" for name, figure in tally.figures.items()]
        broken = f"skipped: {tally.skipped}" if tally.skipped else str(len(tally.broken))
        rows.append(f"| {tally.promise} | {broken} | {'; '.join(told)} | {tally.seconds / 60:.1f} |")
    return "\n".join(rows)

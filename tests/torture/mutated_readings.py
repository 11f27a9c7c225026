"""What becomes of one damaged file in a reader, and whether text went missing without a word.

Three promises are checked of every input, each of which holds whatever the damage is:

- `parse` gives a document or raises a ParseError, within the limits of time and memory;
- a text, a mail or a page that loses words which still stand in its bytes reports a gap (`hidden`);
- a PDF or a container in which a few bytes or one part were spoilt, and which loses more than a share of
  its words, reports a gap (`lost`).

A change of an element, a number, an operator or a relationship can mean less text, and so can a tag or
comment that is opened and not closed: that is not held against a reader.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.documents import Document, Source
from kb.errors import ParseError
from kb.parsing import FORMATS, Limits, ReadOptions, parse
from tests.torture.mutations import Mutant, Seed, mutate

_LIMITS = Limits(pages=500, characters=5_000_000, unpacked_bytes=100_000_000)
_WORD = re.compile(r"[^\W\d_]{5,}")
_NAMES = rb"script|style|template|textarea|title|head|svg|select|iframe|nav|object|noscript"
_SWALLOWING = re.compile(rb"<(!|\?|(?:%s)\b)" % _NAMES, re.IGNORECASE)
_SWALLOWED = re.compile(rb"</((?:%s))\b" % _NAMES, re.IGNORECASE)
_FEWEST_WORDS = 12
# What may go without a gap: markup that swallows text by right is rare, but possible.
_MAY_HIDE = {"text": 0.1, "mail": 0.3, "markdown": 0.5, "html": 0.6}
_MAY_LOSE = {"pdf": 0.4}
_MAY_LOSE_PART = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one input led to. `outcome` is "read", the code of a ParseError, or "raised"."""

    number: int
    format: str
    seed: str
    how: str
    outcome: str
    seconds: float
    gaps: tuple[str, ...] = ()
    finding: str = ""
    cause: str = ""


class Fuzzer:
    """Makes input `number` of a run from its seeds, and reads it."""

    def __init__(self, seeds: Sequence[Seed], run: int, folder: Path) -> None:
        self._by_format: dict[str, list[Seed]] = {}
        for seed in seeds:
            self._by_format.setdefault(seed.format, []).append(seed)
        self._seeds = seeds
        self._run = run
        self._folder = folder
        self._words: dict[int, set[str]] = {}

    def mutant(self, number: int) -> tuple[Seed, Mutant]:
        """The seed and the damaged form of it: each format in turn."""
        formats = sorted(self._by_format)
        rng = random.Random(f"{self._run}:{number}")  # noqa: S311 - repeatable, not secret
        seed = rng.choice(self._by_format[formats[number % len(formats)]])
        return seed, mutate(seed, self._seeds, rng)

    def read(self, number: int) -> Reading:
        """Read one input, as a build would."""
        seed, mutant = self.mutant(number)
        path = f"invoer-{number}{Path(seed.name).suffix}"
        (self._folder / path).write_bytes(mutant.data)
        started = time.perf_counter()

        def reading(
            outcome: str, *, gaps: tuple[str, ...] = (), finding: str = "", cause: str = ""
        ) -> Reading:
            return Reading(
                number=number,
                format=seed.format,
                seed=seed.name,
                how=mutant.how,
                outcome=outcome,
                seconds=time.perf_counter() - started,
                gaps=gaps,
                finding=finding,
                cause=cause,
            )

        try:
            document = _parsed(self._folder, path, len(mutant.data))
        except ParseError as error:
            cause = type(error.__cause__).__name__ if error.__cause__ else ""
            return reading(error.code, cause=f"{cause}: {error.__cause__}"[:120] if cause else "")
        except Exception as error:
            return reading("raised", finding="raised", cause=f"{type(error).__name__}: {error}"[:200])
        finally:
            (self._folder / path).unlink(missing_ok=True)
        gaps = tuple(sorted({gap.code for gap in document.gaps}))
        lost = "" if gaps else self._lost(seed, mutant, document)
        return reading("read", gaps=gaps, finding=lost)

    def _lost(self, seed: Seed, mutant: Mutant, document: Document) -> str:
        """What is missing without a gap, or ""."""
        before = self._words_of(seed)
        now = words(document.text)
        if seed.format in _MAY_HIDE:
            is_markup = seed.format in ("html", "markdown")
            if is_markup and (mutant.how == "elements" or _swallows_more(mutant.data, seed.data)):
                return ""
            before = before & _visible(mutant.data, seed.format)
            share = _MAY_HIDE[seed.format]
        elif mutant.local and not seed.name.endswith("-plain.pdf"):
            share = _MAY_LOSE.get(seed.format, _MAY_LOSE_PART)
        else:
            return ""
        missing = before - now
        if len(before) < _FEWEST_WORDS or len(missing) <= share * len(before):
            return ""
        kind = "hidden" if seed.format in _MAY_HIDE else "lost"
        return f"{kind} {len(missing)} of {len(before)} words: {' '.join(sorted(missing)[:5])}"

    def _words_of(self, seed: Seed) -> set[str]:
        if id(seed) not in self._words:
            path = f"heel{Path(seed.name).suffix}"
            (self._folder / path).write_bytes(seed.data)
            try:
                self._words[id(seed)] = words(_parsed(self._folder, path, len(seed.data)).text)
            except ParseError:
                self._words[id(seed)] = set()
        return self._words[id(seed)]


def words(text: str) -> set[str]:
    """The longer words of a text, in small letters."""
    return {word.lower() for word in _WORD.findall(text)}


def _swallows_more(data: bytes, before: bytes) -> bool:
    known = _swallows(before)
    return any(count > known[name] for name, count in _swallows(data).items())


def _swallows(data: bytes) -> Counter[bytes]:
    """What a page opens and does not end, of which a browser shows nothing: comments, scripts, tags."""
    opened = Counter(name.lower() for name in _SWALLOWING.findall(data))
    opened.subtract(name.lower() for name in _SWALLOWED.findall(data))
    opened[b"quotes"] = data.count(b'"') % 2
    opened[b"tags"] = data.count(b"<") - data.count(b">")
    return opened


def _visible(data: bytes, name: str) -> set[str]:
    """The words that stand in a file as they are, outside its tags, comments and front matter."""
    text = data.decode("utf-8", "replace")
    if name in ("html", "markdown"):
        text = re.sub(r"<!--.*?(?:-->|$)|<head.*?</head>|<script.*?</script>|<[^>]*>", " ", text, flags=re.S)
        text = re.sub(r"\A---\n.*?\n---\n", " ", text, flags=re.S)
    return words(text)


def _parsed(folder: Path, path: str, size: int) -> Document:
    return parse(folder, Source(path=path, sha256="0" * 64, size=size), ReadOptions(limits=_LIMITS))


def format_name(path: Path) -> str | None:
    """The name of the format that a file's ending promises."""
    suffix = path.suffix.lower()
    return next((name for name, known in FORMATS.items() if suffix in known.suffixes), None)


Read = Callable[[int], Reading]

"""Themes that a corpus suggests: subjects that it comes back to and that no theme is about yet.

A subject is a compound, or two words that end in a noun, as the corpus itself tells: it stands behind an
article or a preposition and before the end of its phrase. Names are left out by their capitals. Telling
subjects are told from general ones by how they cluster: a word that is what a text is about comes back in
that text, a general one is spread by chance (Church and Gale, "Inverse Document Frequency (IDF): A Measure of
Deviations from Poisson", 1995). What is shown has documents enough, of several years, and says little that a
better one says already.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from kb.index import Index, Rows
from kb.language import Lexicon, is_stop_word
from kb.themes import Theme
from kb.themes.matching import rows_about

# Suggestions that are made of an index.
MOST_SUGGESTED = 20
# Passages that are read, spread over the corpus: bounds the time in one of any size.
_READ = 20_000
_AT_ONCE = 500
# Words with their hyphens, or what ends a phrase.
_PIECE = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011][^\W\d_]+)*|[^\s\w]|\d+")
_BEFORE_NOUNS = frozenset(
    {
        *("aan", "bij", "dat", "de", "deze", "die", "dit", "door", "een", "haar", "het", "hun", "in", "met"),
        *("naar", "ons", "onze", "op", "over", "tot", "tussen", "uit", "van", "voor", "zijn"),
        *("a", "an", "by", "for", "of", "on", "our", "the", "their", "these", "this", "with"),
    }
)
# "Daarvan", "waarin": these point at a subject and are none.
_POINTING = re.compile(
    r"(?:waar|daar|hier)(?:aan|bij|door|in|mee|na|naar|om|onder|op|over|toe|tussen|uit|van|voor)"
)
_SHORTEST = 5
_SHORTEST_PART = 4
_LINKS = ("", "s", "en", "e")
_LONGEST = 40
_MIN_OCCURRENCES = 5
_MIN_DOCUMENTS = 3
_MIN_YEARS = 2
# Of what share of the documents a subject may be, at most: more is what the whole corpus is about.
_MOST_COMMON = 1 / 4
# What a subject must have of residual IDF: general words have less.
_CLUSTERS = 0.6
# Shares of the occurrences of a noun: behind a word that leads to one, and at the end of its phrase.
_LED = 0.25
_ENDS = 0.6
# Two words must stand together this share of the times that the rarer of them stands anywhere.
_TOGETHER = 0.1
# A suggestion is no new one when this share of its passages is of a theme or of a better suggestion.
_COVERED = 0.5

_Phrase = tuple[str, ...]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedTheme:
    """A subject with the numbers of passages and documents that are about it, and its first and last year.

    The years are None where no document of it has a certain date.
    """

    theme: Theme
    passages: int
    documents: int
    first_year: int | None
    last_year: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedThemes:
    """What an index suggests; not yet `is_complete` for as long as it is being read for them."""

    themes: tuple[SuggestedTheme, ...] = ()
    is_complete: bool = False


class LearnedThemes:
    """The themes that indexes suggest, for as long as each index is in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._learned: WeakKeyDictionary[Index, SuggestedThemes] = WeakKeyDictionary()

    def of(self, index: Index) -> SuggestedThemes:
        """What an index suggests: nothing the first time it is asked, and all some seconds later."""
        with self._lock:
            found = self._learned.get(index)
            if found is None:
                found = self._learned[index] = SuggestedThemes()
                thread = threading.Thread(target=self._learn, args=[index], name="themes", daemon=True)
                thread.start()
        return found

    def _learn(self, index: Index) -> None:
        try:
            learned = SuggestedThemes(themes=tuple(suggest_themes(index)), is_complete=True)
        except Exception:
            # Nobody needs them to search, and another index may fare better.
            _log.exception("generation %s could not be read for themes", index.manifest.generation)
            learned = SuggestedThemes(is_complete=True)
        with self._lock:
            self._learned[index] = learned


def suggest_themes(index: Index, *, limit: int = MOST_SUGGESTED) -> list[SuggestedTheme]:
    """The subjects that a corpus comes back to, the most telling first, without those of its themes.

    Takes some seconds. Everything is told of the passages that `index` shows.
    """
    records = index.documents()
    starts = np.array([index.document_rows(record.id).start for record in records], np.int64)
    uses = _read(index)
    taken = [rows_about(theme.queries, index) for theme in index.themes()]
    chosen: list[SuggestedTheme] = []
    for phrase in _telling(uses, [record.date for record in records], index):
        if len(chosen) == limit:
            break
        rows = rows_about([phrase], index)
        at = np.unique(np.searchsorted(starts, rows, side="right") - 1).tolist()
        if len(at) >= _MIN_DOCUMENTS and all(_share(rows, others) < _COVERED for others in taken):
            taken.append(rows)
            chosen.append(_suggested(phrase, passages=len(rows), days=[records[one].date for one in at]))
    return chosen


def _suggested(phrase: str, *, passages: int, days: Sequence[dt.date | None]) -> SuggestedTheme:
    years = [day.year for day in days if day]
    return SuggestedTheme(
        theme=Theme(name=phrase[0].upper() + phrase[1:], queries=(phrase,)),
        passages=passages,
        documents=len(days),
        first_year=min(years, default=None),
        last_year=max(years, default=None),
    )


@dataclass(slots=True)
class _Uses:
    """How a word, or two, are used: how often, as a name, as a noun, and in which documents."""

    number: int = 0
    named: int = 0
    led: int = 0
    ends: int = 0
    documents: set[int] = field(default_factory=set)


def _read(index: Index) -> dict[_Phrase, _Uses]:
    """How the words, and pairs of words, of a corpus are used, of passages that are spread over it."""
    uses: dict[_Phrase, _Uses] = {}
    records = index.documents()
    step = max(1, -(-index.manifest.passages // _READ))
    for number in range(0, len(records), max(1, -(-len(records) // _READ))):
        rows = index.document_rows(records[number].id)
        for at in range(rows.start, rows.stop, _AT_ONCE * step):
            some = range(at, min(at + _AT_ONCE * step, rows.stop), step)
            for found in index.passages(some):
                _note(found.passage.text, number, uses)
    return uses


def _note(text: str, document: int, uses: dict[_Phrase, _Uses]) -> None:
    """Put down how the words of a passage are used, and every two of them that follow each other."""
    pieces = ["", *_PIECE.findall(text), ""]
    lower = [piece.lower() for piece in pieces]
    tells = [_is_telling(piece) for piece in lower]
    for at in range(1, len(pieces) - 1):
        for first in (at, at - 1) if tells[at] else ():
            if not tells[first]:
                continue
            used = uses.setdefault(tuple(lower[first : at + 1]), _Uses())
            used.number += 1
            used.documents.add(document)
            used.named += pieces[first : at + 1] != lower[first : at + 1]
            used.led += lower[first - 1] in _BEFORE_NOUNS
            used.ends += not tells[at + 1]


def _is_telling(word: str) -> bool:
    return (
        _SHORTEST <= len(word) <= _LONGEST
        and word[0].isalpha()
        and not is_stop_word(word)
        and not _POINTING.fullmatch(word)
    )


def _telling(uses: dict[_Phrase, _Uses], days: Sequence[dt.date | None], index: Index) -> list[str]:
    """The phrases that are used as nouns and not as names, in documents and years enough, the most telling
    first; `days` are the dates of the documents."""
    all_years = {day.year for day in days if day}
    most = max(_MIN_DOCUMENTS + 1, int(len(days) * _MOST_COMMON))
    found = []
    for words, used in uses.items():
        is_frequent = used.number >= _MIN_OCCURRENCES and _MIN_DOCUMENTS <= len(used.documents) <= most
        years = {day.year for at in used.documents if (day := days[at])} if is_frequent else ()
        if not is_frequent or len(years) < min(_MIN_YEARS, len(all_years)) or not _is_noun(words, uses):
            continue
        # A phrase is as telling as the most general of its words.
        of_words = [uses[(word,)] for word in words]
        clustering = min(_clustering(one.number, len(one.documents), len(days)) for one in of_words)
        # A single word that is no compound seldom tells a subject.
        if clustering >= _CLUSTERS and (len(words) > 1 or _is_compound(words[0], uses, index.lexicon)):
            found.append((-clustering * math.log2(1 + len(used.documents)), " ".join(words)))
    return [phrase for _, phrase in sorted(found)]


def _is_noun(words: _Phrase, uses: dict[_Phrase, _Uses]) -> bool:
    """Whether a phrase is used as a noun, not as a name, and its words stand together by more than chance."""
    used, last = uses[words], uses[words[-1:]]
    rarer = min(uses[(word,)].number for word in words)
    return (
        used.led >= _LED * used.number
        and last.ends >= _ENDS * last.number
        and used.number >= _TOGETHER * rarer
        and used.named * 2 < used.number
    )


def _is_compound(word: str, uses: Mapping[_Phrase, _Uses], lexicon: Lexicon) -> bool:
    """Whether a word is made of a known one and another that is used by itself.

    The lexicon leaves whole what occurs more often than its parts do, and so just what the corpus is about.
    """
    for at in range(_SHORTEST_PART, len(word) - _SHORTEST + 1):
        used = uses.get((word[at:],))
        if used and used.number >= _MIN_OCCURRENCES:
            first = word[:at]
            if any(lexicon.knows(first.removesuffix(link)) for link in _LINKS if first.endswith(link)):
                return True
    return bool(lexicon.parts(word))


def _clustering(occurrences: int, documents: int, all_documents: int) -> float:
    """Residual IDF: how much rarer its documents are than if its occurrences were dealt out by chance."""
    by_chance = 1 - math.exp(-occurrences / all_documents)
    return math.log2(by_chance * all_documents / documents)


def _share(rows: Rows, of: Rows) -> float:
    return len(np.intersect1d(rows, of, assume_unique=True)) / len(rows)

"""Every name of the gazetteer in a text, before anything is decided of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from kb.places.gazetteer import Gazetteer, Homograph, Place, PlaceKind, first_word, fold

# How far around a name its context is looked at, in characters.
_AROUND = 120
_WORD = re.compile(r"[a-z]+")
# Written small within a name: "Alphen aan den Rijn", "den Haag".
_SMALL = frozenset(
    ("a", "aan", "bij", "c", "d", "de", "den", "en", "het", "in", "op", "s", "t", "the", "van")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A name as it stands at [start, end) of a text, and the places that it may stand for.

    `cued` says that the words around it tell that it is a place, `kind` which kind, where they tell.
    """

    start: int
    end: int
    name: str
    codes: tuple[str, ...]
    cued: bool = False
    kind: PlaceKind | None = None


@dataclass(frozen=True, kw_only=True)
class SpottedText:
    """A text and the places it may name. `language` is an ISO 639-1 code, None when it is not known."""

    text: str
    language: str | None
    gazetteer: Gazetteer

    @cached_property
    def folded(self) -> str:
        """The text as `fold` writes it, of the same length."""
        return fold(self.text)

    def candidates(self) -> list[Candidate]:
        """The names in the text in order, the longest where they overlap."""
        found: list[Candidate] = []
        end = 0
        for word in _WORD.finditer(self.folded):
            if word.start() < end:
                continue
            for name in self.gazetteer.names.get(word.group(), ()):
                start = word.start() - name.index(first_word(name))
                if self._stands(name, start):
                    end = start + len(name)
                    start -= self.folded[start - 1 : start] == "'"
                    codes = self.gazetteer.places[name]
                    found.append(Candidate(start=start, end=end, name=name, codes=codes))
                    break
        return found

    def before(self, candidate: Candidate) -> str:
        """The folded text that leads up to a name."""
        return self.folded[max(0, candidate.start - _AROUND) : candidate.start]

    def behind(self, candidate: Candidate) -> str:
        """The folded text that follows a name."""
        return self.folded[candidate.end : candidate.end + _AROUND]

    def written_before(self, candidate: Candidate) -> str:
        """What leads up to a name, with its capitals."""
        return self.text[max(0, candidate.start - _AROUND) : candidate.start]

    def written_behind(self, candidate: Candidate) -> str:
        """What follows a name, with its capitals."""
        return self.text[candidate.end : candidate.end + _AROUND]

    def is_capitalised(self, candidate: Candidate) -> bool:
        """Whether it is written as a name: a word of it that counts has a capital."""
        written = self.text[candidate.start : candidate.end]
        words = _WORD.finditer(self.folded, candidate.start, candidate.end)
        return any(
            written[word.start() - candidate.start].isupper() for word in words if word.group() not in _SMALL
        )

    def also(self, candidate: Candidate) -> Homograph | None:
        """What else its name is."""
        return self.gazetteer.homographs.get(candidate.name)

    def marked(self, candidate: Candidate) -> list[Place]:
        """The places whose mark is written behind the name: "Bergen (NH)"."""
        behind = self.behind(candidate)
        places = (self.gazetteer.by_code[code] for code in candidate.codes)
        return [place for place in places if place.mark and behind.startswith(f" ({place.mark.lower()}")]

    def _stands(self, name: str, start: int) -> bool:
        end = start + len(name)
        if start < 0 or not self.folded.startswith(name, start):
            return False
        before, behind = self.folded[start - 1 : start] if start else "", self.folded[end : end + 1]
        return not (before.isalnum() or before == "-" or behind.isalnum())

"""Words that mean the same to a searcher, from a YAML file that an organisation can edit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Self

import yaml

from kb.errors import SettingsError
from kb.language.terms import STEMMERS, fold, term, tokens

# The longest phrase that is looked for in a query, in words.
_LONGEST = 6

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Groups of words and phrases. `groups` maps the stems of a phrase, stop words included, to the
    phrases, as they are written, that mean the same."""

    groups: dict[Phrase, tuple[str, ...]]

    @classmethod
    def of(cls, groups: Iterable[Sequence[str]]) -> Self:
        """From groups of phrases. A phrase in several groups means what any of them holds."""
        found: dict[Phrase, dict[str, None]] = {}
        for group in groups:
            for phrase in group:
                others = dict.fromkeys(other for other in group if other.lower() != phrase.lower())
                for key in _keys([word for word, _, _ in tokens(phrase)]):
                    found.setdefault(key, {}).update(others)
        return cls({key: tuple(others) for key, others in found.items()})

    @classmethod
    def load(cls, file: Path | None = None) -> Self:
        """From a YAML file with a list of lists of phrases; from the one that we ship without `file`.

        Raises `SettingsError` when it cannot be read or holds anything else.
        """
        name = file or "synonyms.yaml"
        try:
            shipped = resources.files("kb.language").joinpath("synonyms.yaml")
            content = yaml.safe_load((file or shipped).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"KB_SYNONYMS: {name} cannot be read ({error})") from error
        groups = [] if content is None else content
        if not isinstance(groups, list):
            raise SettingsError(f"KB_SYNONYMS: {name} is not a list of groups, each a list of words")
        for number, group in enumerate(groups, 1):
            # YAML reads a bare no, on or 12 as something else than a word.
            if not isinstance(group, list) or not all(isinstance(phrase, str) for phrase in group):
                raise SettingsError(
                    f"KB_SYNONYMS: group {number} of {name} is not a list of words; put each word that YAML "
                    'takes for a number or a yes or no in quotes: ["no", "2.0"]'
                )
        return cls.of(groups)

    def expand(self, words: Sequence[str]) -> list[str]:
        """The phrases that mean the same as a phrase that stands in a query's lower-case `words`.

        Where phrases overlap the longest counts: "wet open overheid" is not asked about "overheid".
        """
        stems = _stems(words)
        found: dict[str, None] = {}
        at = 0
        while at < len(words):
            for length in range(min(_LONGEST, len(words) - at), 0, -1):
                keys = dict.fromkeys(tuple(stem[at : at + length]) for stem in stems)
                phrases = [other for key in keys for other in self.groups.get(key, ())]
                if phrases:
                    found.update(dict.fromkeys(phrases))
                    at += length
                    break
            else:
                at += 1
        return list(found)


def _keys(words: Sequence[str]) -> list[Phrase]:
    """A phrase as Dutch and as English stems; none when it is empty or nothing but stop words."""
    if not any(all(term(word, code) for code in STEMMERS) for word in words):
        return []
    return [tuple(stem) for stem in _stems(words)]


def _stems(words: Sequence[str]) -> list[list[str]]:
    """The words as Dutch and as English stems, stop words as they are."""
    return [[term(word, code) or fold(word) for word in words] for code in STEMMERS]


@lru_cache(maxsize=1)
def shipped_synonyms() -> Synonyms:
    """The synonyms that we ship."""
    return Synonyms.load()

"""How old the newest of what was found is, and which laws came after it: is it still current?

The laws stand in `milestones.yaml`, which an organisation can replace. Only those are told whose subject the
question names, or at least half of what was found: a list of every law of ten years says nothing, and neither
does one that a single passage mentions in passing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from kb import dutch
from kb.errors import SettingsError
from kb.language.terms import fold, term, token_words

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_DAYS_OF_YEAR = 365.25
_MONTHS_OF_YEAR = 12
# Texts that must be about a law's subject where the question is not.
_LEAST_TEXTS = 2


class Milestone(BaseModel):
    """A law, or a part of it, and the day from which it holds.

    `date` is None where that is not certain. `terms` are the words and phrases that tell that a text is about
    its subject; `source` is where the date stands, and `checked` whether it was read there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Text
    title: _Text
    date: dt.date | None
    part: _Text | None = None
    terms: tuple[_Text, ...]
    source: _Text
    checked: _Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeliness:
    """How current a set of documents is on the day `today`.

    `newest` is the last certain date among them, None without any; `undated` counts those without. `later`
    are the laws that came into force after it, `coming` those that will, and of those in `unsure` the day is
    not known.
    """

    today: dt.date
    newest: dt.date | None
    undated: int
    later: tuple[Milestone, ...]
    coming: tuple[Milestone, ...]
    unsure: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What it is about: the question, and the texts that were found for it."""

    question: str
    texts: tuple[str, ...] = ()


def timeliness(
    dates: Iterable[dt.date | None], subject: Subject, milestones: Sequence[Milestone], today: dt.date
) -> Timeliness:
    """How current documents of these `dates` are on the day `today`."""
    given = list(dates)
    # A date to come is that of a plan, or a misprint; either way nothing was written then.
    certain = [day for day in given if day and day <= today]
    newest = max(certain, default=None)
    question = _spaced(subject.question)
    texts = [_spaced(text) for text in subject.texts]
    touched = [one for one in milestones if _is_touched(one, question) or _is_of_most(one, texts)]
    return Timeliness(
        today=today,
        newest=newest,
        undated=sum(day is None for day in given),
        later=tuple(one for one in touched if one.date and newest and newest < one.date <= today),
        coming=tuple(one for one in touched if one.date and one.date > today),
        unsure=tuple(one for one in touched if one.date is None),
    )


def load_milestones(file: Path | None = None) -> tuple[Milestone, ...]:
    """The milestones of a YAML file in order of date, those without one last; ours without `file`.

    Raises `SettingsError` when it cannot be read or holds anything else.
    """
    name = file or "milestones.yaml"
    shipped = resources.files("kb.milestones").joinpath("milestones.yaml")
    try:
        content = yaml.safe_load((file or shipped).read_text(encoding="utf-8"))
        found = TypeAdapter(list[Milestone]).validate_python(content or [])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"KB_MILESTONES: {name} is no list of laws: {where}: {first['msg']}") from error
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"KB_MILESTONES: {name} cannot be read ({error})") from error
    return tuple(sorted(found, key=lambda milestone: milestone.date or dt.date.max))


@lru_cache(maxsize=1)
def shipped_milestones() -> tuple[Milestone, ...]:
    """The milestones that we ship."""
    return load_milestones()


def in_dutch(found: Timeliness) -> str:
    """What a reader is told of it, in a few sentences."""
    if found.newest is None:
        sentences = ["Van deze stukken is geen datum zeker, dus ook niet hoe actueel ze zijn."]
    else:
        age = _age(found.today, found.newest)
        sentences = [f"Het nieuwste van deze stukken is van {dutch.date(found.newest)}, {age}."]
        if found.undated:
            sentences.append(f"Van {dutch.count(found.undated, 'stuk', 'stukken')} is de datum niet zeker.")
    if found.later:
        sentences.append(f"Daarna in werking getreden: {_listed(found.later)}.")
        sentences.append("Ga na of wat er staat dan nog geldt.")
    if found.coming:
        sentences.append(f"Er komt aan: {_listed(found.coming)}.")
    if found.unsure:
        sentences.append(f"Wanneer dit in werking treedt of trad, is niet zeker: {_listed(found.unsure)}.")
    return " ".join(sentences)


def as_json(found: Timeliness) -> dict[str, Any]:
    """It as the API gives it."""

    def laws(some: Iterable[Milestone]) -> list[dict[str, Any]]:
        return [one.model_dump(mode="json", include={"name", "title", "part", "date"}) for one in some]

    return {
        "text": in_dutch(found),
        "today": found.today.isoformat(),
        "newest": found.newest.isoformat() if found.newest else None,
        "undated": found.undated,
        "later": laws(found.later),
        "coming": laws(found.coming),
        "unsure": laws(found.unsure),
    }


def _age(today: dt.date, day: dt.date) -> str:
    years = (today - day).days / _DAYS_OF_YEAR
    if years >= 1:
        return f"{int(years)} jaar oud"
    months = int(years * _MONTHS_OF_YEAR)
    return f"{dutch.count(months, 'maand', 'maanden')} oud" if months else "minder dan een maand oud"


def _listed(milestones: Sequence[Milestone]) -> str:
    return "; ".join(_told(milestone) for milestone in milestones)


def _told(milestone: Milestone) -> str:
    called = milestone.name if milestone.part is None else f"{milestone.name} ({milestone.part})"
    return f"{called}, {dutch.date(milestone.date)}" if milestone.date else called


def _is_of_most(milestone: Milestone, texts: Sequence[str]) -> bool:
    holding = sum(_is_touched(milestone, words) for words in texts)
    return holding >= _LEAST_TEXTS and holding * 2 >= len(texts)


def _is_touched(milestone: Milestone, words: str) -> bool:
    return any(_spaced_term(phrase) in words for phrase in milestone.terms)


# The terms of a list of laws are few, and looked for with every search.
@lru_cache(maxsize=2_000)
def _spaced_term(phrase: str) -> str:
    return _spaced(phrase)


def _spaced(text: str) -> str:
    """The stems of a text, each between spaces, so that a phrase is found as whole words."""
    return f" {' '.join(map(_stem, token_words(text)))} "


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return term(word, "nl") or fold(word)

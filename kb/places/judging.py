"""Which names are places, by the words around them.

Three things decide. A *cue* ("gemeente X", "in X", "1234 AB X", or a list in which another is a place) tells
that a name is a place. A *sign* tells that it is something else: a person ("Jan van der X"), a body
("Universiteit X"), an address of the web, a longer name. And a name that is an ordinary word or surname as
well (`homographs.csv`), or that no place has had for long, is believed with a cue only: its own, or that of
the same name elsewhere in the text, since a name seldom has two meanings in one text (Gale, Church and
Yarowsky, One Sense Per Discourse, 1992).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.places import cues
from kb.places.gazetteer import Homograph, PlaceKind
from kb.places.spotting import Candidate, SpottedText

# So short a name in capitals is an abbreviation more often: OSS, EDE.
_ABBREVIATION = 4
# The names of municipalities that ended since are still said of their towns and villages.
_REMEMBERED = 2010


def judge(text: SpottedText) -> list[Candidate]:
    """The candidates that are places, in order, with what their context tells of their kind."""
    cued = [_cued(text, candidate) for candidate in text.candidates()]
    shared = _share(text, [candidate for candidate in cued if candidate])
    known = frozenset(
        candidate.name for candidate in shared if candidate.cued and text.is_capitalised(candidate)
    )
    return [candidate for candidate in shared if _is_believed(text, candidate, known)]


def lists(text: SpottedText, candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    """The candidates, those together that stand in one list: "X, Y en Z"."""
    runs: list[list[Candidate]] = []
    for candidate in candidates:
        if runs and cues.LISTED.fullmatch(text.folded, runs[-1][-1].end, candidate.start):
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    return runs


def _cued(text: SpottedText, candidate: Candidate) -> Candidate | None:
    """With what the words around it tell; None when they tell that it is something else."""
    before, behind = text.before(candidate), text.behind(candidate)
    is_said = cues.MUNICIPALITY_BEFORE.search(before) or cues.MUNICIPALITY_BEHIND.match(behind)
    if is_said or text.marked(candidate):
        return replace(candidate, cued=True, kind=PlaceKind.MUNICIPALITY)
    if cues.PROVINCE_BEFORE.search(before) or cues.PROVINCE_BEHIND.match(behind):
        return replace(candidate, cued=True, kind=PlaceKind.PROVINCE)
    if _is_something_else(text, candidate):
        return None
    in_brackets = cues.BRACKET_BEFORE.search(before) and cues.BRACKET_BEHIND.match(behind)
    # In English "in" and "near" stand before any word with a capital.
    preposition = text.language != "en" and cues.PREPOSITION_BEFORE.search(before)
    return replace(candidate, cued=bool(in_brackets or preposition or cues.POSTCODE_BEFORE.search(before)))


def _is_something_else(text: SpottedText, candidate: Candidate) -> bool:
    before, behind = text.before(candidate), text.behind(candidate)
    return bool(
        cues.BODY_BEFORE.search(before)
        or cues.BODY_BEHIND.match(behind)
        or cues.ADDRESS_BEFORE.search(before)
        or cues.ADDRESS_BEHIND.match(behind)
        or cues.ABROAD_BEFORE.search(before)
        or cues.ABROAD_BEHIND.match(behind)
        or (text.also(candidate) is Homograph.WORD and cues.PHRASE_BEHIND.match(behind))
        or cues.LONGER_NAME_BEHIND.match(text.written_behind(candidate))
        or _is_person(text.written_before(candidate))
    )


def _is_person(before: str) -> bool:
    if cues.TITLE_BEFORE.search(before):
        return True
    return bool(cues.PERSON_BEFORE.search(before)) and not cues.OFFICE_BEFORE.search(before)


def _share(text: SpottedText, candidates: Sequence[Candidate]) -> list[Candidate]:
    """With what others in the same list have: in "de gemeenten X, Y en Z" all three are municipalities, and
    in "Rotterdam, X en Y" all three are places."""
    shared: list[Candidate] = []
    for run in lists(text, candidates):
        cued = any(candidate.cued or _is_plain(text, candidate) for candidate in run)
        kind: PlaceKind | None = None
        for candidate in run:
            kind = candidate.kind or kind
            told = candidate.cued or (cued and len(run) > 1 and text.is_capitalised(candidate))
            shared.append(replace(candidate, cued=told, kind=kind))
    return shared


def _is_plain(text: SpottedText, candidate: Candidate) -> bool:
    """Whether its name alone is enough."""
    if not text.is_capitalised(candidate) or _is_doubtful(text, candidate):
        return False
    return text.also(candidate) is None


def _is_believed(text: SpottedText, candidate: Candidate, known: frozenset[str]) -> bool:
    """Whether it is a place: the less the name tells by itself, the more its context must.

    `known` are the names that have a cue somewhere in the text.
    """
    also = text.also(candidate)
    if also is Homograph.ABROAD:
        return candidate.kind is not None
    if not text.is_capitalised(candidate):
        return candidate.cued and also is None and not _is_doubtful(text, candidate)
    if candidate.cued:
        return True
    before = text.written_before(candidate)
    if also is Homograph.WORD:
        # Any word has a capital there.
        return candidate.name in known and not cues.SENTENCE_BEFORE.search(before)
    if _is_doubtful(text, candidate) and candidate.name not in known:
        return False
    return also is not Homograph.SURNAME or not cues.FIRST_NAME_BEFORE.search(before)


def _is_doubtful(text: SpottedText, candidate: Candidate) -> bool:
    """Whether its name alone tells little: a short one in capitals, or one word that no place has had for
    long, or that goes on behind a hyphen."""
    written = text.text[candidate.start : candidate.end]
    if written.isupper() and len(written) <= _ABBREVIATION:
        return True
    if any(text.gazetteer.by_code[code].ended is None for code in candidate.codes):
        return False
    if cues.HYPHEN_BEHIND.match(text.behind(candidate)):
        return True
    ended = max(text.gazetteer.by_code[code].ended or 0 for code in candidate.codes)
    return ended < _REMEMBERED and not cues.SEVERAL_WORDS.search(candidate.name)

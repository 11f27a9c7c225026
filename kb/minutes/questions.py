"""Questions that were asked: by their mark, by a marker, or told ("Jan vraagt of …")."""

from __future__ import annotations

import re

_MARKED = re.compile(r"\?(?:[\s\"'”’»)\]*_]*|\.)$|\w\?(?=[A-ZÀ-Þ])")
# "(16 april?)": what is in doubt, not a question.
_DOUBT = re.compile(r"\((?:\S+\s){0,2}\S*\?\)\W*$")
_MARKER = re.compile(
    r"\W*(?:vraag(?: (?:\d+|aan|van|voor)\b[^:]{0,40})?|question|q)\s*:\s*\S+\s+\S", re.IGNORECASE
)
_TOLD = re.compile(
    r"\bvraag (?:aan [^.,:]{1,40} |daarbij |hierbij )?"
    r"(?:is|was|blijft|rijst|luidt|wordt gesteld|werd gesteld|gesteld|naar voren)\b[^.]{0,40}?"
    r"(?:\b(?:of|wat|wie|hoe|waarom|wanneer|welke|waar|in hoeverre)\b|[:“\"])|"
    r"^\W*de vraag (?:of|tot|hoe|wat|welke)\b|"
    r"\bvra(?:agt|gen)\s(?:zich\s(?:\w+\s){0,2}af,?\s)?(?:\w+\s){0,2}?"
    r"(?:of|wat|wie|hoe|waarom|wanneer|welke|waar|in hoeverre)\b|"
    r"\bvroeg(?:en)?\s(?:zich\s(?:\w+\s){0,2}af,?\s)?(?:\w+\s){0,2}?"
    r"(?:of|wat|wie|hoe|waarom|wanneer|welke|waar|in hoeverre)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\S*(?:https?://|www\.)\S*$")
_HEAD = 300
_TAIL = 120
_LEAST_WORDS = 2


def is_question(sentence: str) -> bool:
    """Whether a sentence asks something. A lone "?" behind a word or in an address asks nothing."""
    words = sentence.split()
    if len(words) < _LEAST_WORDS:
        return False
    if _DOUBT.search(sentence[-_TAIL:]):
        return False
    if _MARKED.search(sentence[-_TAIL:]) and not _ADDRESS.fullmatch(words[-1]):
        return True
    head = sentence[:_HEAD]
    return _MARKER.match(head) is not None or _TOLD.search(head) is not None

"""Questions whose answers are quoted from the documents."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kb.errors import InvalidQuestions
from kb.near_duplicates import Words, grams, words_of

# A passage holds a quote when this share of the quote's word trigrams is in it: quotes were taken from
# rendered text, so that a footnote mark or a line of a table may stand in between.
QUOTE_SHARE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Words that answer a question: the file within the corpus, and the page or slide, where known."""

    quote: str
    file: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and its answers, each of which will do; none: the corpus does not answer it."""

    id: str
    question: str
    language: str
    style: str
    answers: tuple[Answer, ...]

    @property
    def quotes(self) -> tuple[str, ...]:
        """The quotes of its answers."""
        return tuple(answer.quote for answer in self.answers)

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of the files that answer it, as extensions without their dot."""
        suffixes = {PurePosixPath(answer.file or "").suffix.lower() for answer in self.answers}
        return tuple(sorted(suffix[1:] for suffix in suffixes if suffix))


def read_questions(file: Path) -> list[Question]:
    """Questions from a JSON Lines file. Raises `InvalidQuestions` naming the line that is wrong."""
    questions: dict[str, Question] = {}
    for number, item in read_json_lines(file):
        place = f"{file}, line {number}"
        question = _question(item, number, place)
        if question.id in questions:
            raise InvalidQuestions(f"{place}: an earlier question has the id {question.id!r} too")
        questions[question.id] = question
    if not questions:
        raise InvalidQuestions(f"{file} holds no questions")
    return list(questions.values())


def read_json_lines(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a JSON Lines file with their line numbers. Raises `InvalidQuestions`."""
    for number, line in read_lines(file):
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidQuestions(f"{file}, line {number} is not JSON: {error}") from error
        if not isinstance(item, dict):
            raise InvalidQuestions(f"{file}, line {number} is not a JSON object")
        yield number, item


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that hold something, with their numbers. Raises `InvalidQuestions`."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQuestions(f"{file} cannot be read: {error}") from error


def holds(text: str, quote: str) -> bool:
    """True when `text` holds at least 60 % of the word trigrams of `quote`, case and punctuation aside."""
    wanted = trigrams(quote)
    if not wanted:
        return False
    (size,) = {len(gram) for gram in wanted}
    return len(wanted & grams(words_of(text), size)) >= QUOTE_SHARE * len(wanted)


def trigrams(quote: str) -> set[Words]:
    """The runs of three words of a quote; a quote of fewer words is one run."""
    words = words_of(quote)
    return grams(words, min(3, len(words))) if words else set()


def _question(item: Mapping[str, Any], number: int, place: str) -> Question:
    answers = item.get("answers")
    if not isinstance(answers, list):
        raise InvalidQuestions(f'{place}: "answers" must be a list, empty where the corpus has no answer')
    return Question(
        id=str(item.get("id", number)),
        question=_text(item, "question", place),
        language=_text(item, "lang", place, default="nl"),
        style=_text(item, "style", place, default="question"),
        answers=tuple(_answers(answers, place)),
    )


def _answers(answers: Iterable[Any], place: str) -> Iterator[Answer]:
    for turn, item in enumerate(answers, 1):
        where = f"{place}, answer {turn}"
        if not isinstance(item, dict):
            raise InvalidQuestions(f"{where} is not a JSON object")
        page = item.get("page")
        if page is not None and (not isinstance(page, int) or isinstance(page, bool) or page < 1):
            raise InvalidQuestions(f'{where}: "page" must be a number from 1, or null')
        quote = _text(item, "quote", where)
        if not words_of(quote):
            raise InvalidQuestions(f'{where}: "quote" holds no words')
        file = _text(item, "file", where) if item.get("file") is not None else None
        yield Answer(quote=quote, file=unicodedata.normalize("NFC", file) if file else None, page=page)


def _text(item: Mapping[str, Any], name: str, place: str, *, default: str | None = None) -> str:
    value = item.get(name, default)
    if not isinstance(value, str) or not value.strip():
        raise InvalidQuestions(f'{place}: "{name}" must be a text that is not empty')
    return value

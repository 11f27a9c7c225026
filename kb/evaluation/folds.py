"""Questions in parts for cross-validation, so that no document's questions stand on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from kb.errors import InvalidQuestions
from kb.evaluation.questions import Question


def grouped_folds(questions: Sequence[Question], wanted: int) -> list[list[str]]:
    """The ids of the questions in at most `wanted` folds of nearly equal size.

    Questions stay together whose answers stand in one folder, at the highest level of folders that fills
    all folds, none with more than twice its share; else in one document. Those that name no file stay
    together too: nothing tells them apart. Unanswerable questions are spread. Raises `InvalidQuestions` for
    a single group.
    """
    answerable = [question for question in questions if question.answers]
    groups = _groups(answerable, wanted)
    if len(groups) < 2:
        raise InvalidQuestions(
            "The answers of all questions stand in one document, or name no file: what is tuned on some of "
            "them cannot be tried on others. Add questions on other documents"
        )
    folds: list[list[str]] = [[] for _ in range(min(wanted, len(groups)))]
    for group in sorted(groups, key=len, reverse=True):
        min(folds, key=len).extend(group)
    for number, question in enumerate(found for found in questions if not found.answers):
        folds[number % len(folds)].append(question.id)
    return folds


def _groups(questions: Sequence[Question], wanted: int) -> list[list[str]]:
    deepest = max((len(_parts(answer.file)) for found in questions for answer in found.answers), default=1)
    groups: list[list[str]] = []
    for depth in range(1, deepest + 1):
        groups = _joined({found.id: _folders(found, depth) for found in questions})
        if len(groups) >= wanted and max(map(len, groups)) * wanted <= 2 * len(questions):
            break
    return groups


def _folders(question: Question, depth: int) -> frozenset[tuple[str, ...]]:
    return frozenset(_parts(answer.file)[:depth] for answer in question.answers)


def _parts(file: str | None) -> tuple[str, ...]:
    return PurePosixPath(file or "").parts


def _joined(places: Mapping[str, frozenset[tuple[str, ...]]]) -> list[list[str]]:
    """The ids in groups that have no place in common."""
    groups: list[tuple[frozenset[tuple[str, ...]], list[str]]] = []
    for name, own in places.items():
        met = [group for group in groups if not group[0].isdisjoint(own)]
        groups = [group for group in groups if group[0].isdisjoint(own)]
        ids = [found for _, members in met for found in members]
        groups.append((own.union(*(group[0] for group in met)), [*ids, name]))
    return [members for _, members in groups]

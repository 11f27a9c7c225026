"""How well the rules of `kb.minutes` do on passages of real minutes that were labelled by reading.

`tests/labels/minutes.jsonl` names files of the corpus in `../shared` and offsets in their text as our readers
give it, and holds none of that text. `tests/labels/README.md` says how the labels were made.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.corpus import source_file
from kb.documents import Document, Source
from kb.minutes.quotations import Quotation
from kb.minutes.reading import Minutes, read_minutes
from kb.parsing import ReadOptions, parse

LABELS = Path(__file__).parent / "labels" / "minutes.jsonl"


@dataclass
class Score:
    """What was found rightly, wrongly and not at all. What is doubtful counts for neither."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    doubtful: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.3f} ({self.right} right, {self.wrong} wrong, "
            f"{self.doubtful} doubtful), recall {self.recall:.3f} ({self.missed} missed)"
        )


def labelled() -> list[dict[str, Any]]:
    """The labelled passages."""
    return [json.loads(line) for line in LABELS.read_text().splitlines()]


def scores(corpus: Path, passages: Sequence[Mapping[str, Any]]) -> dict[str, Score]:
    """By citaat, spreker, besluit, actie and vraag."""
    found: dict[str, Score] = {kind: Score() for kind in ("citaat", "spreker", "besluit", "actie", "vraag")}
    read: dict[str, tuple[Document, Minutes]] = {}
    for passage in passages:
        path = passage["path"]
        if path not in read:
            document = parse(corpus, Source(path=path, sha256="", size=0), ReadOptions())
            read[path] = document, read_minutes(document)
        document, minutes = read[path]
        text = document.text[passage["start"] : passage["end"]]
        assert hashlib.sha256(text.encode()).hexdigest()[:16] == passage["text_sha256"], (
            f"{source_file(corpus, path)} is read otherwise than when its passages were labelled: the "
            "offsets in tests/labels/minutes.jsonl no longer hold. Look its passages up again"
        )
        _statements(found, passage, minutes)
        _quotations(found, passage, minutes, document.text)
    return found


def _within(items: Sequence[Any], passage: Mapping[str, Any]) -> list[Any]:
    return [item for item in items if item.start < passage["end"] and passage["start"] < item.end]


def _meets(label: Mapping[str, Any], start: int, end: int) -> bool:
    return bool(label["start"] < end and start < label["end"])


def _statements(found: Mapping[str, Score], passage: Mapping[str, Any], minutes: Minutes) -> None:
    """Whoever finds a list item of two sentences must be right on at least one, and finds both."""
    reached: Counter[tuple[str, int]] = Counter()
    for statement in _within(minutes.statements, passage):
        score = found[str(statement.kind)]
        labels = [
            label
            for label in passage["statements"]
            if label["kind"] == statement.kind and _meets(label, statement.start, statement.end)
        ]
        for label in labels:
            reached[label["kind"], label["start"]] += 1
        if any(not label.get("doubtful") for label in labels):
            score.right += 1
        elif labels:
            score.doubtful += 1
        else:
            score.wrong += 1
            score.faults.append(f"{passage['path']} [{statement.start}:{statement.end}]")
    for label in passage["statements"]:
        if not label.get("doubtful") and not reached[label["kind"], label["start"]]:
            found[label["kind"]].missed += 1


def _quotations(found: Mapping[str, Score], passage: Mapping[str, Any], minutes: Minutes, text: str) -> None:
    labels = passage["quotations"]
    reached: set[int] = set()
    named: set[int] = set()
    for quotation in _within(minutes.quotations, passage):
        near = [
            number for number, label in enumerate(labels) if _meets(label, quotation.start, quotation.end)
        ]
        reached.update(near)
        sure = [number for number in near if not labels[number].get("doubtful")]
        if not sure:
            kind = "doubtful" if near else "wrong"
            setattr(found["citaat"], kind, getattr(found["citaat"], kind) + 1)
            if not near:
                found["citaat"].faults.append(f"{passage['path']} [{quotation.start}:{quotation.end}]")
            continue
        found["citaat"].right += 1
        if quotation.speaker or quotation.organisation:
            theirs = [number for number in sure if _is_theirs(quotation, labels[number], text)]
            named.update(theirs)
            found["spreker"].right += bool(theirs)
            found["spreker"].wrong += not theirs
            if not theirs:
                found["spreker"].faults.append(f"{passage['path']} [{quotation.start}:{quotation.end}]")
    for number in _sure(labels):
        found["citaat"].missed += number not in reached
        found["spreker"].missed += "speaker_start" in labels[number] and number not in named


def _sure(labels: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    return (number for number, label in enumerate(labels) if not label.get("doubtful"))


def _is_theirs(quotation: Quotation, label: Mapping[str, Any], text: str) -> bool:
    """Whether the speaker is the one of the label, where "Jan" may stand for "Jan de Wit"."""
    if "speaker_start" not in label:
        return False
    written = text[label["speaker_start"] : label["speaker_end"]].casefold().rstrip(".")
    said = (quotation.speaker or quotation.organisation or "").casefold()
    return bool(written) and (written in said or said in written)

"""Which sentences about a passage are let through as supported by it, of those that were judged by hand.

    python benchmarks/written_answers.py

Reads tests/files/generating and needs no index. Nonsense is made from the words of the passages: drawn from
all of a passage, left of one of its sentences, or one of its sentences without a piece from its middle.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from kb.chunking import sentences
from kb.documents import Kind, Locator, Passage
from kb.embedding import load_encoder
from kb.generating import Generated, Source
from kb.generating.generated import Cited
from kb.generating.support import Support, baseline_of
from kb.index import DocumentRecord
from kb.language import Lexicon
from kb.settings import Settings

FILES = Path(__file__).parents[1] / "tests" / "files" / "generating"
DRAWN = 50


def source_of(case: Mapping[str, Any]) -> Source:
    text = case["text"]
    passage = Passage(
        id="0" * 16,
        document_id="1" * 16,
        ordinal=0,
        start=0,
        end=len(text),
        text=text,
        context=case["context"],
        locator=Locator(),
    )
    document = DocumentRecord(
        id="1" * 16, title="", kind=Kind.VERSLAG, source="a.md", sha256="", size=1, language="nl"
    )
    return Source(number=1, passage=passage, document=document)


def nonsense(case: Mapping[str, Any], drawn: random.Random) -> Iterator[tuple[str, str]]:
    """Each kind of nonsense about a passage, with its name."""
    words = case["text"].split()
    spans = [case["text"][start:end].split() for start, end in sentences(case["text"])]
    long = [span for span in spans if len(span) >= 8]
    for _ in range(DRAWN):
        yield "words of the passage", " ".join(drawn.choices(words, k=drawn.randint(3, 9))) + "."
        span = drawn.choice(long)
        kept = sorted(drawn.sample(range(len(span)), drawn.randint(3, len(span) // 2)))
        yield "words of a sentence in order", " ".join(span[at] for at in kept) + "."
        first = drawn.randint(1, len(span) - 4)
        rest = drawn.randint(first + 2, len(span) - 1)
        yield "a sentence without its middle", " ".join(span[:first] + span[rest:])


def main() -> None:
    encoder = load_encoder(Settings())
    drawn = random.Random(5)  # noqa: S311 - to be the same each time
    for file in ("judged.yaml", "judged_after.yaml"):
        cases = yaml.safe_load((FILES / file).read_text(encoding="utf-8"))
        encoded = encoder.encode_passages([f"{case['context']}\n{case['text']}" for case in cases])
        support = Support(
            encoder, Lexicon({}), baseline=baseline_of(np.stack([one.vector for one in encoded]))
        )
        kept: Counter[str] = Counter()
        total: Counter[str] = Counter()
        seconds = []
        for case in cases:
            sources = {1: source_of(case)}
            judged = [(kind, text) for kind in ("supported", "unsupported") for text in case[kind]]
            for kind, text in [*judged, *nonsense(case, drawn)]:
                started = time.perf_counter()
                found = support.judge(Cited(text=text, citations=(1,)), sources, language=None)
                seconds.append(time.perf_counter() - started)
                total[kind] += 1
                kept[kind] += isinstance(found, Generated)
        print(f"\n{file}: {statistics.mean(seconds) * 1000:.1f} ms a sentence")
        for kind, number in total.items():
            print(f"  {kind}: {kept[kind]} of {number} kept ({kept[kind] / number:.0%})")


if __name__ == "__main__":
    main()

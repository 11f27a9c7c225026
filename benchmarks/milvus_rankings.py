"""Whether Milvus ranks as the embedded index does, on real documents and questions.

    build/milvus-env/bin/python benchmarks/milvus_rankings.py INDEXES QUESTIONS MILVUS_URL [MOST]

INDEXES is a folder of our own, for its live generation is taken in by that Milvus and a mark is written.
Prints nDCG@10 of every mode by both, and the share of questions with the same five passages at the top.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from kb.evaluation import evaluate, judge, read_questions
from kb.evaluation.evaluating import Evaluation
from kb.generations import Generations
from kb.knowledge_base import KnowledgeBase
from kb.search_request import Mode
from kb.settings import Settings


def top(found: Evaluation) -> dict[str, frozenset[str]]:
    return {one.id: frozenset(one.ranking[:5]) for one in found.outcomes}


def main() -> None:
    indexes, questions, url = Path(sys.argv[1]), read_questions(Path(sys.argv[2])), sys.argv[3]
    questions = questions[: int(sys.argv[4])] if len(sys.argv) > 4 else questions
    plain = Settings.load(os.environ, indexes=indexes)
    milvus = Settings.load(os.environ, indexes=indexes, index=url)
    kept = Generations.of(milvus)
    started = time.perf_counter()
    kept.rollback(kept.current().name)
    print(f"taken in within {time.perf_counter() - started:.1f} s", flush=True)
    ours, theirs = (KnowledgeBase(settings).pinned() for settings in (plain, milvus))
    judgements = judge(ours, questions)
    for mode in (Mode.DENSE, Mode.LEXICAL, Mode.HYBRID):
        found = [evaluate(base, questions, mode=mode, judgements=judgements) for base in (ours, theirs)]
        same = [top(found[0])[one] == top(found[1])[one] for one in top(found[0])]
        print(
            json.dumps(
                {
                    "mode": mode.value,
                    "questions": len(questions),
                    "embedded": found[0].measures | {"median_ms": found[0].median_ms},
                    "milvus": found[1].measures | {"median_ms": found[1].median_ms},
                    "same_top_5": round(sum(same) / len(same), 4),
                    "differ": [one for one, equal in zip(top(found[0]), same, strict=True) if not equal],
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()

"""How long suggestions take, to learn and to give, and the memory that they keep.

    python benchmarks/suggestions.py

What is typed is every beginning of the titles and phrases of an index (build/bench unless --indexes says
otherwise), as they are and with two neighbouring letters swapped.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from kb.generations import Generations
from kb.search_request import MAX_TYPED
from kb.suggestions.learning import learn
from kb.suggestions.matching import Suggestions

_LONGEST = 30
_WORST = (
    "besluitvormignsprocesesn gemeentesecretarissenverenigign transformatei " * 2,
    "abcdefghijklmnopqrstuvwxy" * 4,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    parser.add_argument("--texts", type=int, default=300)
    arguments = parser.parse_args()
    index = Generations(arguments.indexes).open_live()
    started = time.perf_counter()
    suggestions = learn(index)
    seconds = time.perf_counter() - started
    tracemalloc.start()
    kept = learn(index)
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    size = f"{index.manifest.passages} passages: {len(kept)} suggestions"
    print(f"{size}, learned in {seconds:.1f} s, {megabytes:.1f} MB\n")
    titles = [record.title for record in index.documents()]
    texts = sorted(set(titles))[: arguments.texts]
    beginnings = [text[:end] for text in texts for end in range(1, min(_LONGEST, len(text)))]
    print("| Typed | Times | Median ms | p99 ms | Most ms |")
    print("|---|---|---|---|---|")
    tell("as it is", suggestions, beginnings, lambda typed: typed)
    tell("with letters swapped", suggestions, beginnings, swapped)
    tell(f"{MAX_TYPED} letters, all wrong", suggestions, _WORST * 50, lambda typed: typed[:MAX_TYPED])


def tell(
    name: str, suggestions: Suggestions, texts: tuple[str, ...] | list[str], change: Callable[[str], str]
) -> None:
    taken = []
    for text in texts:
        typed = change(text)
        started = time.perf_counter()
        suggestions.matching(typed, 8)
        taken.append((time.perf_counter() - started) * 1000)
    p99 = statistics.quantiles(taken, n=100)[-1]
    print(f"| {name} | {len(taken)} | {statistics.median(taken):.2f} | {p99:.2f} | {max(taken):.2f} |")


def swapped(typed: str) -> str:
    """With the third and the fourth letter in each other's place."""
    return typed[:2] + typed[3:4] + typed[2:3] + typed[4:]


if __name__ == "__main__":
    main()

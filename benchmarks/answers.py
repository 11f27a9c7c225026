"""Whether the sentences that are given as an answer hold it, and whether none are where there is none.

    python benchmarks/answers.py

Asks the questions of ../shared/questions of an index (build/bench unless --indexes says otherwise). Of the
questions that the corpus does not answer, the first fifteen are of other subjects; the rest are of its own.
Every sentence is looked up in its file, which is read anew, and in what the build read. Times are those of
one process, search and answer in turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kb.corpus import scan
from kb.documents import Document
from kb.embedding import load_encoder
from kb.evaluation import Question, judge, read_questions
from kb.evaluation.answers import AnswerEvaluation, evaluate_answers
from kb.generations import Generations
from kb.hits import Page
from kb.index.stored import embedded_text, sentence_texts
from kb.indexing.gathering import READINGS
from kb.knowledge_base import KnowledgeBase
from kb.parsing import parse
from kb.readings import Readings
from kb.sandbox import read_options
from kb.search_request import SearchRequest
from kb.settings import Settings

QUESTIONS = Path("../shared/questions/dev.jsonl")
OFF_TOPIC = 15
# Documents of which passages are encoded again.
SAMPLE = 60
THRESHOLDS = (0.0, 0.1, 0.15, 0.2, 0.25, 0.275, 0.3, 0.305, 0.325, 0.35, 0.4, 0.5, 0.6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    settings = Settings.load({}, indexes=arguments.indexes)
    knowledge_base = KnowledgeBase(settings).pinned()
    knowledge_base.warm()
    questions = read_questions(QUESTIONS)
    found = evaluate_answers(knowledge_base, questions, judge(knowledge_base, questions))
    print_curve(found, questions)
    print_verbatim(knowledge_base, questions)
    print_times(knowledge_base, questions, arguments.rounds)
    print_encoding(knowledge_base)
    folder = Generations(arguments.indexes).current()
    size = sum(file.stat().st_size for file in folder.glob("sentences.*"))
    whole = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"\nVectors of sentences: {size / 1e6:.1f} MB of {whole / 1e6:.0f} MB")


def print_curve(found: AnswerEvaluation, questions: Sequence[Question]) -> None:
    """What each threshold leads to."""
    by_id = {one.id: one for one in found.outcomes}
    others = [by_id[one.id] for one in questions if not one.answers]
    print(f"Chosen sentences hold the quote: {found.held:.3f} of {found.found} with a passage in the top 5\n")
    print(
        "| Answer from | Refused of answerable | Answered off topic | Answered near | Of those given, hold |"
    )
    print("|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        shares = found.shares(threshold)
        off, near = (
            sum(one.is_answered(threshold) for one in part)
            for part in (others[:OFF_TOPIC], others[OFF_TOPIC:])
        )
        print(
            f"| {threshold:g} | {shares.refused or 0:.3f} | {off} of {OFF_TOPIC} | {near} of "
            f"{len(others) - OFF_TOPIC} | {shares.held_of_given or 0:.3f} |"
        )


def print_verbatim(knowledge_base: KnowledgeBase, questions: Sequence[Question]) -> None:
    """How many sentences stand in their files, read anew, and just where they are said to in what the build
    read: OCR does not read a page twice alike."""
    settings = knowledge_base.settings
    root = Path(knowledge_base.manifest().corpus)
    sources = {source.path: source for source in scan(root, max_bytes=10**9).sources}
    options = read_options(settings)
    readings = Readings(settings.indexes / READINGS, options)
    anew: dict[str, str] = {}
    total = held = placed = 0
    for question in questions:
        asked = knowledge_base.answer(SearchRequest(query=question.question), answer_from=0.0)
        for one in asked.answer.sentences:
            source = sources[one.document.source]
            if source.path not in anew:
                anew[source.path] = parse(root, source, options).text
            before = readings.get(source)
            total += 1
            held += one.text in anew[source.path]
            placed += (
                isinstance(before, Document)
                and before.text[one.document_start : one.document_end] == one.text
            )
    print(f"\nOf {total} sentences {held} stand in their files, read anew, and {placed} in place")


def print_encoding(knowledge_base: KnowledgeBase) -> None:
    """What the vectors of sentences cost a build, beside those of passages: processor time of a sample."""
    passages = [
        passage
        for document in knowledge_base.documents()[:: knowledge_base.manifest().documents // SAMPLE or 1]
        for passage in knowledge_base.passages_of(document.id)[:8]
    ]
    encoder = load_encoder(knowledge_base.settings)
    texts = [embedded_text(passage) for passage in passages]
    sentences = list(dict.fromkeys(text for passage in passages for text in sentence_texts(passage)))
    took = []
    for some in (texts, sentences):
        encoder.encode_passages(some[:64])
        started = time.process_time()
        encoder.encode_passages(some)
        took.append(time.process_time() - started)
    print(
        f"\nProcessor time of encoding {len(texts)} passages: {took[0]:.1f} s; of their {len(sentences)} "
        f"sentences: {took[1]:.1f} s more"
    )


def print_times(knowledge_base: KnowledgeBase, questions: Sequence[Question], rounds: int) -> None:
    """Search and answer in turn, of the same question with the same number of hits."""
    times: dict[str, list[float]] = {"search": [], "answer": []}
    for question in [one.question for one in questions] * rounds:
        request = SearchRequest(query=question, page=Page(limit=10))
        times["search"].append(knowledge_base.ask(request).seconds * 1000)
        times["answer"].append(knowledge_base.answer(request).seconds * 1000)
    print("\n| | Median, ms | p95, ms |\n|---|---|---|")
    for name, values in times.items():
        print(f"| {name} | {np.median(values):.0f} | {np.percentile(values, 95):.0f} |")
    search, answer = (np.percentile(times[name], 95) for name in ("search", "answer"))
    print(f"\nRatio of the p95: {answer / search:.2f}")


if __name__ == "__main__":
    main()

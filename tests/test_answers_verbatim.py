"""The promise that every sentence of every answer stands in the file that it is said to be from.

The files are read anew: neither the index nor what was kept of an earlier reading is believed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kb.corpus import scan
from kb.evaluation import read_questions
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.parsing import parse
from kb.sandbox import read_options
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder

EVENTS = ("2024-03-14-kringdag-waterrijk", "2024-10-03-informatiebeveiliging-duinmeer")


@pytest.fixture
def settings(tmp_path: Path, root: Path) -> Settings:
    """An index of two events of the project's own corpus: minutes, slides, papers and a mail."""
    for event in EVENTS:
        shutil.copytree(root / "corpus" / event, tmp_path / "corpus" / event)
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes", ocr="off", answer_from=0.0)
    build_index(settings, WordEncoder)
    return settings


def test_every_sentence_of_every_answer_is_verbatim_in_its_file(
    settings: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    knowledge_base = KnowledgeBase(settings)
    corpus = scan(settings.corpus, max_bytes=10**9)
    options = read_options(settings)
    texts = {
        source.path: parse(corpus.root, source, options).text
        for source in corpus.sources
        if source.path in {record.source for record in knowledge_base.documents()}
    }
    questions = [one.question for one in read_questions(files / "questions.jsonl")]
    # Any words make a question: each document's first ones, so that all of them are asked about.
    questions += [" ".join(text.split()[:12]) for text in texts.values()]
    said = set()
    for question in questions:
        for one in knowledge_base.answer(SearchRequest(query=question)).answer.sentences:
            assert texts[one.document.source][one.document_start : one.document_end] == one.text, question
            assert one.passage.text[one.start : one.end] == one.text, question
            said.add(one.text)
    assert len(said) > 40

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from kb.errors import InvalidQuestions
from kb.evaluation import evaluate_beir, read_benchmark
from kb.evaluation.tables import benchmark_text
from kb.indexing import Progress
from kb.search_request import Mode
from kb.settings import Settings
from tests.geometry import WordEncoder

LONG = " ".join(f"De raad bespreekt punt {number} van de agenda van vanavond." for number in range(60))
DOCUMENTS = [
    {"_id": "agenda", "title": "", "text": f"{LONG}\nTot slot verhuist het archief in mei."},
    {"_id": "costs", "title": "Zaaksysteem", "text": "Het zaaksysteem kost twee ton."},
    {"_id": "copy", "text": "Het zaaksysteem kost twee ton."},
    {"_id": "title-only", "title": "Begroting", "text": ""},
]
QUERIES = [
    {"_id": "q1", "text": "wanneer verhuist het archief"},
    {"_id": "q2", "text": "wat kost het zaaksysteem"},
    {"_id": "q3", "text": "begroting"},
    {"_id": "unjudged", "text": "iets"},
]
QRELS = ["query-id\tcorpus-id\tscore", "q1\tagenda\t1", "q2\tcosts\t1", "q2\tcopy\t2", "q3\ttitle-only\t1"]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a benchmark of these parts; its encoder is the one of words."""
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    monkeypatch.setattr("kb.evaluation.beir_index.load_encoder", lambda _: WordEncoder())

    def written(
        documents: Sequence[object] = DOCUMENTS,
        queries: Sequence[object] = QUERIES,
        qrels: Sequence[str] = QRELS,
        name: str = "qrels.tsv",
    ) -> Path:
        folder = tmp_path / "mini"
        (folder / name).parent.mkdir(parents=True)
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
        (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
        (folder / name).write_text("\n".join(qrels) + "\n")
        return folder

    return written


def test_a_document_is_as_good_as_its_best_passage_and_copies_all_count(write: Write, tmp_path: Path) -> None:
    result = evaluate_beir(read_benchmark(write()), Settings(), cache=tmp_path / "cache")
    assert result.passages > 4
    assert list(result.measures) == list(Mode)
    lexical = result.scores[Mode.LEXICAL]
    assert lexical["ndcgAt10"]["q1"] == lexical["ndcgAt10"]["q3"] == 1.0
    assert all(scores["recallAt10"] == {"q1": 1, "q2": 1, "q3": 1} for scores in result.scores.values())


def test_the_index_is_made_once_and_anew_when_what_decides_it_changes(write: Write, tmp_path: Path) -> None:
    benchmark = read_benchmark(write())
    shown: list[Progress] = []

    def run(settings: Settings) -> int:
        shown.clear()
        found = evaluate_beir(
            benchmark, settings, modes=[Mode.LEXICAL], cache=tmp_path / "cache", progress=shown.append
        )
        return found.passages

    first = run(Settings())
    assert (shown[-1].files_done, shown[-1].files_total) == (4, 4)
    assert run(Settings()) == first
    assert shown == []
    assert run(Settings(passage_words=40, overlap_words=0)) > first
    assert shown
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_result_is_told_to_scripts_and_to_people(write: Write, tmp_path: Path) -> None:
    result = evaluate_beir(read_benchmark(write()), Settings(), cache=tmp_path / "cache")
    told = result.as_json()
    assert (told["benchmark"], told["documents"], told["queries"]) == ("mini", 4, 3)
    assert set(told["modes"]["hybrid"]) == {"ndcgAt10", "recallAt10", "mrrAt10", "medianMs", "p95Ms"}
    assert set(told["differences"]) == {"dense", "lexical"}
    text = benchmark_text(result)
    assert text.startswith("mini: 4 documenten, ")
    assert "hybrid min dense, met 95%-interval:" in text


def test_judgements_may_lie_where_beir_puts_them_and_need_no_header(write: Write) -> None:
    benchmark = read_benchmark(write(qrels=[*QRELS[1:], "q1\tcosts\t0"], name="qrels/test.tsv"))
    assert benchmark.relevant == {"q1": {"agenda": 1}, "q2": {"costs": 1, "copy": 2}, "q3": {"title-only": 1}}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"documents": [DOCUMENTS[0], {"_id": "x"}]}, 'corpus.jsonl, line 2: "text" must be a text'),
        ({"documents": [DOCUMENTS[0], DOCUMENTS[0]]}, "corpus.jsonl, line 2: \"_id\" 'agenda' is empty, or"),
        ({"documents": []}, "corpus.jsonl is empty"),
        ({"queries": [{"_id": "q1", "text": " "}]}, 'queries.jsonl, line 1: "text" is empty'),
        ({"qrels": ["q1 agenda 1"]}, "qrels.tsv, line 1 is not query-id"),
        ({"qrels": [QRELS[0], "q1\tagenda\tyes"]}, "qrels.tsv, line 2 is not query-id"),
        ({"qrels": ["q9\tagenda\t1"]}, "qrels.tsv, line 1: there is no query 'q9'"),
        ({"qrels": ["q1\tnone\t1"]}, "qrels.tsv, line 1: there is no document 'none'"),
        ({"qrels": ["q1\tagenda\t0"]}, "judges no document relevant"),
        ({"name": "judged.tsv"}, "holds no qrels.tsv or qrels/test.tsv"),
    ],
)
def test_a_bad_benchmark_is_refused_with_the_line(
    write: Write, parts: Mapping[str, object], message: str
) -> None:
    with pytest.raises(InvalidQuestions) as caught:
        read_benchmark(write(**parts))
    assert message in str(caught.value)

"""Building again after something changed: what is new is read and encoded, and what changed is told."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kb.errors import InvalidQuestions, QualityLost, TooManyRemovals
from kb.generations import Generations
from kb.golden import golden_questions
from kb.index.doubles import near_identical_documents
from kb.index.embedded import EmbeddedIndex
from kb.indexing import Progress, build_index, is_stale, preview_index
from kb.live_index import LiveIndex
from kb.printing.reports import preview_text, report_text, summary
from kb.reports import BuildReport, read_report
from kb.settings import Settings
from tests.geometry import WordEncoder

TOPICS = {
    "zaken": "De raad kiest een zaaksysteem voor alle gemeenten van de regio.",
    "archief": "Het archief verhuist in mei naar het nieuwe gemeentehuis.",
    "hack": "Na de hack stonden alle loketten van de stad drie weken dicht.",
    "cloud": "De wethouder wil pas naar de cloud als het contract is getekend.",
    "dataplan": "Het dataplan noemt twaalf bronnen en hun eigenaren.",
    "inkoop": "Samen inkopen scheelt volgens de directeur een derde van de kosten.",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, text in TOPICS.items():
        (corpus / f"{name}.md").write_text(f"# Over {name}\n\nDatum: 6 mei 2024\n\n{text}\n")
    return Settings(corpus=corpus, indexes=tmp_path / "indexes", ocr="off")


def rebuild(settings: Settings, encoder: WordEncoder | None = None) -> BuildReport:
    encoder = encoder or WordEncoder()
    return build_index(settings, lambda: encoder, judge=golden_questions(settings), allow_removals=True)


def live(settings: Settings) -> EmbeddedIndex:
    return LiveIndex(Generations(settings.indexes)).get()


def test_what_was_read_before_is_not_read_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuild(settings)
    (settings.corpus / "nieuw.md").write_text("# Nieuw\n\nDe griffier vraagt om rust.\n")
    before = {file.name: file.stat().st_mtime_ns for file in (settings.indexes / ".readings").iterdir()}
    report = rebuild(settings)
    after = {file.name: file.stat().st_mtime_ns for file in (settings.indexes / ".readings").iterdir()}
    # What is read is written down: only the new file was.
    assert before.items() < after.items()
    assert len(after) == len(before) + 1
    assert report.reused == report.passages - 1
    # With nothing new no process that reads is started at all.
    monkeypatch.setattr("kb.sandbox.ProcessPool", None)
    assert rebuild(settings).reused == report.passages


def test_a_build_from_readings_is_the_same_as_one_that_reads(settings: Settings, tmp_path: Path) -> None:
    rebuild(settings)
    again = rebuild(settings)
    other = settings.model_copy(update={"indexes": tmp_path / "other"})
    rebuild(other)
    mine, theirs = live(settings), live(other)
    assert again.reused == mine.manifest.passages
    assert mine.documents() == theirs.documents()
    rows = range(mine.manifest.passages)
    assert mine.passages(rows) == theirs.passages(rows)
    assert mine.manifest.fingerprint == theirs.manifest.fingerprint


def test_a_renamed_file_keeps_its_vectors_and_is_told_as_renamed(settings: Settings) -> None:
    rebuild(settings)
    folder = settings.corpus / "2024-05-06 avond"
    folder.mkdir()
    (settings.corpus / "hack.md").rename(folder / "verslag van de hack.md")
    encoder = WordEncoder()
    report = rebuild(settings, encoder)
    assert encoder.encoded == []
    assert report.changes.renamed == (("hack.md", "2024-05-06 avond/verslag van de hack.md"),)
    assert (report.changes.added, report.changes.removed) == ((), ())
    assert "1 document hernoemd." in summary(report)


def test_a_report_tells_what_changed_and_what_needs_attention(settings: Settings) -> None:
    first = rebuild(settings)
    assert summary(first) == ["6 documenten toegevoegd."]
    (settings.corpus / "cloud.md").unlink()
    (settings.corpus / "hack.md").write_text("# Hack\n\nDatum: 7 mei 2024\n\nHet kwam door een wachtwoord.\n")
    (settings.corpus / "kopie.md").write_text((settings.corpus / "archief.md").read_text() + "\nEinde.\n")
    (settings.corpus / "zonder.md").write_text("# Zonder dag\n\nNiemand weet wanneer dit was.\n")
    (settings.corpus / "stuk.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    report = rebuild(settings)
    changes = report.changes
    assert changes.added == ("kopie.md", "zonder.md")
    assert (changes.changed, changes.removed, changes.before) == (("hack.md",), ("cloud.md",), 6)
    assert report.undated == ("zonder.md",)
    assert [set(pair) for pair in report.near_duplicates] == [{"kopie.md", "archief.md"}]
    assert summary(report) == [
        "2 documenten toegevoegd, 1 gewijzigd, 1 verwijderd.",
        "Daarvan: 1 zonder zekere datum; 1 vrijwel gelijk aan een ander document.",
        "1 bestand niet opgenomen.",
    ]
    text = report_text(report)
    assert "Vrijwel gelijk:\n  kopie.md aan archief.md" in text
    assert "  stuk.pdf: het bestand is beschadigd" in text


def test_of_two_documents_that_are_nearly_the_same_the_new_one_is_told_whichever_is_first_by_path(
    settings: Settings,
) -> None:
    rebuild(settings)
    copied = (settings.corpus / "zaken.md").read_text()
    (settings.corpus / "aaa.md").write_text(copied + "\nEinde.\n")
    report = rebuild(settings)
    assert report.near_duplicates == (("zaken.md", "aaa.md"),)
    with closing(Generations.of(settings).open_live()) as index:
        # A check of the whole index finds them in what was written; a build in what it wrote.
        assert near_identical_documents(index) == [("zaken.md", "aaa.md")]
    assert "Daarvan: 1 vrijwel gelijk aan een ander document." in summary(report)
    assert "Vrijwel gelijk:\n  aaa.md aan zaken.md" in report_text(report)


def test_a_build_does_not_keep_the_index_before_it_when_one_is_to_be_kept(settings: Settings) -> None:
    alone = settings.model_copy(update={"keep_generations": 1})
    rebuild(alone)
    newest = rebuild(alone).generation
    assert Generations(alone.indexes).names() == [newest]


@pytest.mark.parametrize(
    "other", [{"files": ["x"]}, {"files": 3}, {"created": "once"}, {"golden": {}, "added": None}]
)
def test_a_report_of_another_version_is_no_report(other: dict[str, object]) -> None:
    created = dt.datetime.now(dt.UTC)
    report = BuildReport(generation="", created=created, seconds=1.0, corpus="corpus", documents=0)
    assert read_report(report.as_json())
    assert read_report({**report.as_json(), **other}) is None
    assert read_report({"documents": 3}) is None
    assert read_report(None) is None


def test_the_report_is_kept_with_its_generation(settings: Settings) -> None:
    report = rebuild(settings)
    kept = json.loads((settings.indexes / report.generation / "report.json").read_text())
    assert BuildReport.from_json(kept).as_json() == kept == report.as_json()


def test_a_build_that_would_remove_many_documents_is_stopped_before_it_reads(settings: Settings) -> None:
    generation = rebuild(settings).generation
    for name in ("zaken", "archief"):
        (settings.corpus / f"{name}.md").unlink()
    with pytest.raises(TooManyRemovals, match=r"2 of 6 documents .*20%.*--allow-removals") as refused:
        build_index(settings, lambda: pytest.fail("nothing needs to be encoded"))
    assert refused.value.report["removed"] == ["archief.md", "zaken.md"]
    assert Generations(settings.indexes).current().name == generation
    assert build_index(settings, WordEncoder, allow_removals=True).documents == 4


def test_files_that_cannot_be_read_any_more_count_as_removed(settings: Settings) -> None:
    generation = rebuild(settings).generation
    for name in ("zaken", "archief"):
        (settings.corpus / f"{name}.md").write_text("")
    with pytest.raises(TooManyRemovals):
        build_index(settings, WordEncoder)
    assert Generations(settings.indexes).current().name == generation


def test_one_removal_of_six_is_no_reason_to_stop(settings: Settings) -> None:
    rebuild(settings)
    (settings.corpus / "zaken.md").unlink()
    assert build_index(settings, WordEncoder).changes.removed == ("zaken.md",)


def test_a_preview_tells_the_changes_and_publishes_nothing(settings: Settings) -> None:
    generation = rebuild(settings).generation
    (settings.corpus / "zaken.md").unlink()
    (settings.corpus / "nieuw.md").write_text("# Nieuw\n\nDe griffier vraagt om rust.\n")
    (settings.corpus / "stuk.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    seen: list[Progress] = []
    preview = preview_index(settings, progress=seen.append)
    assert seen[-1].files_done == 7
    assert (preview.changes.added, preview.changes.removed) == (("nieuw.md",), ("zaken.md",))
    assert [file.path for file in preview.left_out] == ["stuk.pdf"]
    assert preview.undated == ("nieuw.md",)
    text = preview_text(preview)
    assert text.startswith("Proef: er is niets veranderd.\n1 document toegevoegd, 1 verwijderd.")
    assert Generations(settings.indexes).names() == [generation]
    for name in ("archief", "cloud"):
        (settings.corpus / f"{name}.md").unlink()
    assert "--allow-removals" in preview_text(preview_index(settings))


def test_an_index_that_was_rolled_back_is_not_stale(settings: Settings) -> None:
    rebuild(settings)
    (settings.corpus / "nieuw.md").write_text("# Nieuw\n\nDe griffier vraagt om rust.\n")
    rebuild(settings)
    Generations(settings.indexes).rollback()
    assert not is_stale(settings)
    (settings.corpus / "nieuw.md").write_text("# Nieuw\n\nDe griffier vraagt om stilte.\n")
    assert is_stale(settings)


def ask(settings: Settings, questions: dict[str, str]) -> None:
    lines = [
        json.dumps({"id": question, "question": question, "answers": [{"quote": quote}]})
        for question, quote in questions.items()
    ]
    (settings.corpus / "golden.jsonl").write_text("\n".join(lines))


GOLDEN = {
    "Wat kiest de raad?": "kiest een zaaksysteem voor alle gemeenten",
    "Waarheen verhuist het archief?": "naar het nieuwe gemeentehuis",
}


def test_golden_questions_are_no_document(settings: Settings) -> None:
    ask(settings, GOLDEN)
    report = rebuild(settings)
    assert report.documents == 6
    assert report.left_out == ()
    assert report.golden
    assert (report.golden.questions, report.golden.found) == (2, tuple(sorted(GOLDEN)))
    assert report.golden.before is None
    assert "2 van de 2 toetsvragen beantwoord." in summary(report)


def test_a_build_that_loses_golden_questions_is_not_published(settings: Settings) -> None:
    ask(settings, GOLDEN)
    generation = rebuild(settings).generation
    (settings.corpus / "archief.md").write_text("# Over het archief\n\nEr is geen besluit.\n")
    with pytest.raises(QualityLost, match=r"1 of 2 golden questions .* 2 before") as refused:
        rebuild(settings)
    assert refused.value.report["golden"]["fell"] == ["Waarheen verhuist het archief?"]
    assert "Waarheen verhuist het archief?" in str(refused.value)
    assert Generations(settings.indexes).current().name == generation
    assert not list(settings.indexes.glob(".stage-*"))
    allowed = settings.model_copy(update={"golden_loss": 0.5})
    report = rebuild(allowed)
    assert report.golden
    assert report.golden.fell == ("Waarheen verhuist het archief?",)
    assert "  Waarheen verhuist het archief?" in report_text(report)


def test_with_another_encoder_golden_questions_are_held_against_what_their_build_found(
    settings: Settings,
) -> None:
    ask(settings, GOLDEN)
    rebuild(settings)
    (settings.corpus / "archief.md").write_text("# Over het archief\n\nEr is geen besluit.\n")
    with pytest.raises(QualityLost):
        rebuild(settings, WordEncoder("other"))
    # A question that was taken away is not lost.
    ask(settings, {"Wat kiest de raad?": GOLDEN["Wat kiest de raad?"]})
    assert rebuild(settings, WordEncoder("other")).golden


@pytest.mark.parametrize("shape", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_golden_questions_that_are_no_file_do_not_open_the_gate(
    settings: Settings, shape: Callable[[Path], object]
) -> None:
    shape(settings.corpus / "golden.jsonl")
    with pytest.raises(InvalidQuestions, match="or remove it"):
        golden_questions(settings)


def test_golden_questions_without_end_are_not_read(settings: Settings) -> None:
    with (settings.corpus / "golden.jsonl").open("wb") as stream:
        stream.truncate(1_000_000_000_000)
    with pytest.raises(InvalidQuestions, match="at most 10 MB"):
        golden_questions(settings)


@pytest.mark.parametrize("content", ["no json", '{"question": "Wat?", "answers": []}'])
def test_golden_questions_that_cannot_be_asked_stop_the_build_at_once(
    settings: Settings, content: str
) -> None:
    (settings.corpus / "golden.jsonl").write_text(content)
    with pytest.raises(InvalidQuestions, match=r"golden\.jsonl"):
        rebuild(settings)


def test_a_file_that_changes_while_it_is_read_is_left_out_and_read_by_the_next_build(
    settings: Settings,
) -> None:
    from kb.corpus import scan
    from kb.readings import Readings
    from kb.sandbox import read_all, read_options

    corpus = scan(settings.corpus)
    (settings.corpus / "hack.md").write_text("# Anders\n\nIntussen staat hier iets anders.\n")
    working = settings.indexes.parent / "working"
    working.mkdir()
    readings = Readings(working / "r", read_options(settings))
    with read_all(corpus, settings, readings=readings, working=working) as outcomes:
        found = {source.path: outcome for source, outcome in outcomes}
    assert getattr(found["hack.md"], "code", "") == "changed"
    assert len(os.listdir(working / "r")) == 5  # noqa: PTH208

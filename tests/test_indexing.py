from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pebble import ProcessPool

from kb.corpus import scan
from kb.embedding import Encoded
from kb.errors import BuildInProgress, CorpusError, ReadersUnavailable, SettingsError, TooLarge
from kb.generations import Generations
from kb.index import PassageRecord
from kb.index.embedded import EmbeddedIndex
from kb.index.stored import embedded_hash
from kb.index.vector_lists import Codes
from kb.indexing import Progress, build_index, is_stale
from kb.live_index import LiveIndex
from kb.parsing import Limits, ReadOptions, parse
from kb.sandbox import outcome
from kb.settings import Settings
from tests.geometry import WordEncoder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    (corpus / "2023-04-13 avond").mkdir(parents=True)
    (corpus / "2023-04-13 avond" / "verslag.md").write_text("# Verslag\n\nDe raad kiest een zaaksysteem.\n")
    (corpus / "2023-04-13 avond" / "_event.yaml").write_text("name: Avond over zaken\nplace: Waterrijk\n")
    (corpus / "notitie.txt").write_text("De wethouder noemt het archief te duur.\n")
    return Settings(corpus=corpus, indexes=tmp_path / "indexes", ocr="off")


def live(settings: Settings) -> EmbeddedIndex:
    return LiveIndex(Generations(settings.indexes)).get()


def test_a_build_publishes_what_the_documents_say_and_where(settings: Settings) -> None:
    report = build_index(settings, WordEncoder)
    index = live(settings)
    assert (report.documents, report.passages, report.reused, report.left_out) == (2, 2, 0, ())
    assert index.manifest.generation == report.generation
    verslag = next(found for found in index.documents() if found.source.endswith("verslag.md"))
    assert verslag.event
    assert (verslag.event.name, verslag.event.place) == ("Avond over zaken", "Waterrijk")
    (row,) = index.document_rows(verslag.id)
    assert index.passages([row])[0].passage.text == "Verslag\nDe raad kiest een zaaksysteem."


def test_a_bad_file_is_reported_and_the_rest_goes_on(settings: Settings) -> None:
    (settings.corpus / "kapot.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    (settings.corpus / "leeg.docx").write_bytes(b"")
    (settings.corpus / "oud.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    report = build_index(settings, WordEncoder)
    assert report.documents == 2
    assert {(file.path, file.code) for file in report.left_out} == {
        ("kapot.pdf", "damaged"),
        ("leeg.docx", "damaged"),
        ("oud.doc", "unsupported"),
    }
    assert all(file.message for file in report.left_out)
    assert report.as_json()["filesLeftOut"] == 3


def test_pages_that_were_not_read_are_in_the_report(settings: Settings, root: Path) -> None:
    (scan,) = (root / "corpus").rglob("*scan.pdf")
    shutil.copy(root / "tests" / "files" / "pdf" / "mixed.pdf", settings.corpus) if (
        root / "tests" / "files" / "pdf" / "mixed.pdf"
    ).exists() else None
    shutil.copy(scan, settings.corpus / "scan.pdf")
    report = build_index(settings, WordEncoder)
    (file,) = [file for file in report.files if file.path == "scan.pdf"]
    assert (file.status, file.code) == ("left-out", "no-text")


def test_unchanged_passages_keep_their_vectors_and_ids(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    before = {found.passage.text: found.passage.id for found in live(settings).passages(range(2))}
    (settings.corpus / "nieuw.txt").write_text("De griffier vraagt om rust.\n")
    encoder = WordEncoder()
    report = build_index(settings, lambda: encoder)
    assert (report.passages, report.reused) == (3, 2)
    assert [text for text in encoder.encoded if "griffier" not in text] == []
    after = {found.passage.text: found.passage.id for found in live(settings).passages(range(3))}
    assert before.items() <= after.items()


def test_unchanged_passages_keep_their_token_vectors_without_being_encoded(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    query = WordEncoder().encode_query("zaaksysteem raad")
    before = {found.passage.id: codes(live(settings), found) for found in live(settings).passages(range(2))}
    # Of before the others, so that their rows change.
    (settings.corpus / "1 eerst.txt").write_text("De griffier vraagt om rust.\n")
    encoder = WordEncoder()
    build_index(settings, lambda: encoder)
    # The passage with its title, and its one sentence.
    assert len(encoder.encoded) == 2
    index = live(settings)
    after = {found.passage.id: codes(index, found) for found in index.passages(range(3))}
    assert after.keys() > before.keys()
    for identifier, kept in before.items():
        np.testing.assert_array_equal(after[identifier], kept)
    scores = index.late_interaction(query.tokens, np.arange(3))
    assert scores is not None
    best = index.passages([int(np.argmax(scores))])[0]
    assert "zaaksysteem" in best.passage.text


def codes(index: EmbeddedIndex, found: PassageRecord) -> Codes:
    key = embedded_hash(found.passage)
    kept = index.vectors_by_hash([key])[key].tokens
    assert kept.size
    return kept


def test_with_and_without_token_vectors_are_different_indexes(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    assert is_stale(settings.model_copy(update={"late_interaction": "off"}))
    for reading in ({"reranker": "model"}, {"rerank_milliseconds": 0}, {"weights": Path("weights.json")}):
        assert not is_stale(settings.model_copy(update=reading))
    report = build_index(settings, lambda: WordEncoder(token_dimension=0))
    # Their own vectors are the same; of tokens there are none to take back.
    assert report.reused == report.passages
    assert not list((settings.indexes / report.generation).glob("tokens.*"))
    assert build_index(settings, WordEncoder).reused == 0
    assert (
        live(settings).late_interaction(WordEncoder().encode_query("raad").tokens, np.arange(2)) is not None
    )


def test_each_sentence_has_a_vector_of_its_own_which_an_unchanged_passage_keeps(settings: Settings) -> None:
    sentences = ["Het bestuur opent.", "Het archief verhuist.", "Daarna is er koffie."]
    (settings.corpus / "lang.txt").write_text(" ".join(sentences) + "\n")
    build_index(settings, WordEncoder)
    (settings.corpus / "1 eerst.txt").write_text("De griffier vraagt om rust.\n")
    encoder = WordEncoder()
    build_index(settings, lambda: encoder)
    assert not any("archief" in text for text in encoder.encoded)
    index = live(settings)
    (document,) = [one for one in index.documents() if one.source == "lang.txt"]
    (row,) = index.document_rows(document.id)
    query = encoder.encode_query("waarheen verhuist het archief").vector
    scores = index.sentence_scores(query, row)
    assert scores is not None
    exact = [query @ one.vector for one in encoder.encode_passages(sentences)]
    np.testing.assert_allclose(scores, exact, atol=0.05)
    assert int(np.argmax(scores)) == 1


def test_the_same_words_divided_otherwise_keep_nothing_of_each_other(settings: Settings) -> None:
    """A title above a passage and a first line of it are one text to the encoder, but other sentences."""
    (settings.corpus / "notitie.txt").write_text("Het archief\nDe raad kiest een zaaksysteem.\n")
    (settings.corpus / "over.md").write_text("---\ntitel: Het archief\n---\nDe raad kiest een zaaksysteem.\n")
    build_index(settings, WordEncoder)
    index = live(settings)
    held = {}
    for document in index.documents():
        (row,) = index.document_rows(document.id)
        held[document.source] = len(index.sentence_codes(row))
    assert (held["notitie.txt"], held["over.md"]) == (2, 1)


def test_with_and_without_sentence_vectors_are_different_indexes(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    without = settings.model_copy(update={"sentence_vectors": "off"})
    assert is_stale(without)
    assert not is_stale(settings.model_copy(update={"answer_from": 0.9}))
    encoder = WordEncoder()
    report = build_index(without, lambda: encoder)
    # What was kept of a passage before holds all that is kept now, and the other way round it does not.
    assert (report.reused, encoder.encoded) == (2, [])
    assert not list((settings.indexes / report.generation).glob("sentences.*"))
    assert live(settings).sentence_scores(encoder.encode_query("raad").vector, 0) is None
    assert build_index(settings, WordEncoder).reused == 0
    assert live(settings).sentence_scores(encoder.encode_query("raad").vector, 0) is not None


def test_vectors_of_another_model_are_not_used_again(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    assert build_index(settings, lambda: WordEncoder("other")).reused == 0
    assert live(settings).manifest.encoder.model == "other"


def test_the_index_is_stale_when_a_file_a_sidecar_or_a_setting_changes(settings: Settings) -> None:
    assert is_stale(settings)
    build_index(settings, WordEncoder)
    assert not is_stale(settings)
    assert not is_stale(settings.model_copy(update={"port": 9000}))
    assert is_stale(settings.model_copy(update={"passage_words": 100}))
    (settings.corpus / "notitie.txt.yaml").write_text("title: Notitie over het archief\n")
    assert is_stale(settings)
    build_index(settings, WordEncoder)
    assert not is_stale(settings)
    (settings.corpus / "notitie.txt").unlink()
    assert is_stale(settings)


@pytest.mark.parametrize("content", [{}, {"kapot.pdf": b"%PDF-1.7"}])
def test_a_corpus_without_a_readable_file_leaves_the_index_as_it_was(
    settings: Settings, tmp_path: Path, content: dict[str, bytes]
) -> None:
    generation = build_index(settings, WordEncoder).generation
    empty = tmp_path / "empty"
    empty.mkdir()
    for name, data in content.items():
        (empty / name).write_bytes(data)
    with pytest.raises(CorpusError, match="empty"):
        build_index(settings.model_copy(update={"corpus": empty}), WordEncoder, allow_removals=True)
    assert Generations(settings.indexes).current().name == generation


def test_progress_counts_files_and_passages_up_to_all(settings: Settings) -> None:
    seen: list[Progress] = []
    report = build_index(settings, WordEncoder, progress=seen.append)
    assert [progress.files_done for progress in seen if progress.phase == "reading"] == [1, 2]
    assert [progress.phase for progress in seen[2:]] == ["writing", "publishing"]
    last = Progress(files_done=2, files_total=2, passages=report.passages, reused=0, phase="publishing")
    assert seen[-1] == last


def test_a_build_that_fails_halfway_leaves_the_index_as_it_was(settings: Settings) -> None:
    generation = build_index(settings, WordEncoder).generation

    def fail(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(settings, WordEncoder, progress=fail)
    assert Generations(settings.indexes).names() == [generation]
    assert not list(settings.indexes.glob(".stage-*"))


def test_two_builds_at_once_are_one_build_and_a_refusal(settings: Settings) -> None:
    entered, leave = threading.Event(), threading.Event()

    def wait(_: Progress) -> None:
        entered.set()
        leave.wait(20)

    first = threading.Thread(target=build_index, args=(settings, WordEncoder), kwargs={"progress": wait})
    first.start()
    assert entered.wait(20)
    with pytest.raises(BuildInProgress):
        build_index(settings, WordEncoder)
    leave.set()
    first.join()
    assert live(settings).manifest.documents == 2


def test_a_file_that_takes_too_long_is_left_out(settings: Settings) -> None:
    """A million nested brackets keep the Markdown reader busy for far longer than five seconds, or are
    refused by it at once: either way the build ends soon and says so."""
    (settings.corpus / "diep.md").write_text("[" * 200_000 + "](x)" * 200_000)
    started = time.monotonic()
    report = build_index(settings.model_copy(update={"file_seconds": 5}), WordEncoder)
    assert time.monotonic() - started < 60
    assert report.documents >= 2


def test_files_are_still_being_read_while_the_first_are_encoded(settings: Settings) -> None:
    for number in range(120):
        text = "\n\n".join(
            f"De raad spreekt over punt {number}-{turn} van de agenda." * 4 for turn in range(8)
        )
        (settings.corpus / f"stuk {number:03}.md").write_text(text)
    read: list[int] = []

    class Noting(WordEncoder):
        def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
            read.append(len(list((settings.indexes / ".readings").iterdir())))
            return super().encode_passages(texts)

    report = build_index(settings, Noting)
    assert report.documents == 122
    # Something was read before anything was encoded, and not everything.
    assert 0 < read[0] < 122
    # A reader works on while the encoder does.
    assert read == sorted(read)
    assert read[-1] == 122


def test_processes_that_cannot_start_are_no_fault_of_the_files(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = build_index(settings, WordEncoder).generation
    (settings.corpus / "nieuw.txt").write_text("De griffier vraagt om rust.\n")
    # What a machine does that has no processes left for this user.
    monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda: b"/bin/false")
    with pytest.raises(ReadersUnavailable, match="has memory and processes left"):
        build_index(settings, WordEncoder)
    assert Generations(settings.indexes).names() == [generation]


def test_a_reader_out_of_memory_costs_its_file_and_not_the_next(settings: Settings) -> None:
    (settings.corpus / "breed.txt").write_text("a\n" * 20_000_000)
    report = build_index(settings.model_copy(update={"reader_megabytes": 500}), WordEncoder)
    assert [(file.path, file.code) for file in report.left_out] == [("breed.txt", "too-large")]
    assert report.documents == 2


@pytest.mark.parametrize("death", [os.abort, functools.partial(signal.raise_signal, signal.SIGKILL)])
def test_a_reader_whose_process_dies_costs_its_file_and_not_the_next(
    settings: Settings, death: Callable[[], None]
) -> None:
    with ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn")) as pool:
        died, next_one = pool.schedule(death), pool.schedule(str, args=("read",))
        assert isinstance(outcome(died, settings), TooLarge)
        assert outcome(next_one, settings) == "read"


def test_a_text_in_one_block_beyond_the_limit_is_read_up_to_it(settings: Settings) -> None:
    (settings.corpus / "lang.txt").write_text("De raad besluit. " * 10)
    corpus = scan(settings.corpus)
    source = next(found for found in corpus.sources if found.path == "lang.txt")
    document = parse(corpus.root, source, ReadOptions(limits=Limits(characters=50)))
    assert document.text == ("De raad besluit. " * 10)[:50].rstrip()
    assert [gap.code for gap in document.gaps] == ["truncated"]


def test_an_index_inside_its_corpus_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="KB_INDEXES"):
        build_index(settings.model_copy(update={"indexes": settings.corpus / "index"}), WordEncoder)
    assert len(scan(settings.corpus).sources) == 2

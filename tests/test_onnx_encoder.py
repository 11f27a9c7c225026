"""The encoder on ONNX Runtime beside the same model on PyTorch."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.embedding import Encoded, Encoder, load_encoder
from kb.embedding.encoding import SentenceTransformerEncoder
from kb.embedding.model_folder import read_bert
from kb.embedding.onnx_encoder import OnnxEncoder, adds_exactly
from kb.embedding.quantising import quantise_weights, smoothing
from kb.embedding.remembering import RememberingEncoder
from kb.errors import EncoderUnavailable
from kb.index.embedded import EmbeddedIndex
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record
from tests.models import write_sentence_transformer

TEXTS = [
    "Een zaaksysteem registreert de zaken van een gemeente.",
    "De raad vraagt om een archief. " * 60,
    "The municipality files cases.",
    "€5, 2,5% ﬁets één\u0301 — ‘aanhaling’ \U0001f600 日本 \x00\u200b",
    "",
    " ",
    "a" * 3000,
]


@pytest.fixture(scope="module")
def ours() -> Encoder:
    encoder = load_encoder(Settings())
    assert isinstance(encoder, OnnxEncoder)
    return encoder


@pytest.fixture(scope="module")
def theirs() -> Encoder:
    return load_encoder(Settings(precision="float32"))


def test_vectors_of_texts_and_tokens_agree_with_pytorch(ours: Encoder, theirs: Encoder) -> None:
    for encode in ("encode_passages", "encode_queries"):
        found, wanted = getattr(ours, encode)(TEXTS), getattr(theirs, encode)(TEXTS)
        for text, one, other in zip(TEXTS, found, wanted, strict=True):
            assert one.vector @ other.vector > 0.999, text
            assert one.tokens.shape == other.tokens.shape, text
            if len(one.tokens):
                assert (one.tokens * other.tokens).sum(axis=1).min() > 0.99, text


def test_both_engines_are_the_same_encoder_to_an_index(ours: Encoder, theirs: Encoder) -> None:
    assert ours.identity == theirs.identity
    assert ours.window == theirs.window
    assert ours.count_tokens(TEXTS) == theirs.count_tokens(TEXTS)
    assert [ours.passage_tokens(text) for text in TEXTS] == [theirs.passage_tokens(text) for text in TEXTS]


def test_a_vector_does_not_depend_on_what_is_encoded_beside_it_or_by_how_many(ours: Encoder) -> None:
    texts = [f"De gemeente {number} " + "bespreekt het archief. " * number for number in range(1, 9)]
    together = ours.encode_passages(texts)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda text: ours.encode_passages([text])[0], texts))
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)
        np.testing.assert_array_equal(one.tokens, other.tokens)


def test_a_processor_that_adds_in_too_few_bits_takes_another_way_to_the_same_vectors(
    ours: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "old").write_text("flags\t: fpu sse4_2 avx2 fma\n")
    (tmp_path / "new").write_text("flags\t: fpu avx2 avx_vnni\n")
    assert adds_exactly(tmp_path / "new")
    assert not adds_exactly(tmp_path / "old")
    assert not adds_exactly(tmp_path / "none")
    monkeypatch.setattr("kb.embedding.onnx_encoder.adds_exactly", lambda: False)
    for one, other in zip(
        load_encoder(Settings()).encode_passages(TEXTS), ours.encode_passages(TEXTS), strict=True
    ):
        assert one.vector @ other.vector > 0.9999


def test_searching_never_loads_what_it_does_not_need() -> None:
    """The command, the service and what they load late, in a process of their own."""
    code = (
        "import sys; import api.app, kb.cli.searching, kb.cli.asking; from kb.models import LoadedModels; "
        "from kb.settings import Settings; from kb.embedding import load_encoder; "
        "load_encoder(Settings()).encode_query('raad'); "
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'onnx', "
        "'docx', 'kb.minutes.reading', 'kb.parsing') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_conversion_is_made_once_and_again_when_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sentence_transformer(tmp_path / "model", "de gemeente raad archief")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    encoder = load_encoder(Settings(model=str(folder)))
    assert isinstance(encoder, OnnxEncoder)
    wanted = encoder.encode_query("gemeente").vector
    (converted,) = (tmp_path / "cache" / "kennisbank").iterdir()
    made = (converted / "layers.onnx").stat().st_mtime_ns
    load_encoder(Settings(model=str(folder)))
    assert (converted / "layers.onnx").stat().st_mtime_ns == made
    for name in ("layers.onnx", "words.npy", "positions.npy"):
        file = converted / name
        file.write_bytes(file.read_bytes()[:40])
        mended = load_encoder(Settings(model=str(folder)))
        np.testing.assert_array_equal(mended.encode_query("gemeente").vector, wanted)
    assert [path.name for path in converted.parent.iterdir()] == [converted.name]


def test_another_model_is_as_good_as_on_pytorch_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small BERT with random weights."""
    folder = write_sentence_transformer(tmp_path / "model", "de gemeente raad archief")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    texts = ["de raad", "gemeente archief " * 200, "fiets"]
    ours = load_encoder(Settings(model=str(folder))).encode_passages(texts)
    theirs = load_encoder(Settings(model=str(folder), precision="float32")).encode_passages(texts)
    for one, other in zip(ours, theirs, strict=True):
        assert one.vector @ other.vector > 0.999
        assert one.tokens.shape == other.tokens.shape


def test_a_cache_that_cannot_be_written_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sentence_transformer(tmp_path / "model", "de gemeente raad archief")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EncoderUnavailable, match="KB_PRECISION"):
        load_encoder(Settings(model=str(folder)))


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "xlm-roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}),
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("1_Pooling/config.json", {"include_prompt": False}),
    ],
)
def test_another_kind_of_model_is_left_to_sentence_transformers(
    tmp_path: Path, file: str, change: dict[str, object]
) -> None:
    folder = write_sentence_transformer(tmp_path / "model", "de gemeente raad archief")
    assert read_bert(folder)
    content = json.loads((folder / file).read_text())
    if "pooling_mode_cls_token" in change:
        content.pop("pooling_mode", None)
    (folder / file).write_text(json.dumps({**content, **change}))
    assert read_bert(folder) is None
    with pytest.raises(EncoderUnavailable, match="KB_PRECISION=auto"):
        load_encoder(Settings(model=str(folder), precision="int8"))


def test_a_model_without_what_the_graph_needs_runs_on_pytorch(tmp_path: Path) -> None:
    folder = write_sentence_transformer(tmp_path / "model", "de gemeente raad archief")
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    assert read_bert(folder) is None
    (folder / "other.safetensors").rename(folder / "model.safetensors")
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(modules[:1] + modules[1:2] * 2))
    assert read_bert(folder) is None


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-6, 1.0, 1e3]))
def test_weights_are_restored_to_a_half_step_of_their_scale(seed: int, size: float) -> None:
    weights = (np.random.default_rng(seed).normal(size=(3, 64)) * size).astype(np.float32)
    found = quantise_weights(weights)
    assert found.codes.shape == (64, 3)
    differences = np.abs(found.restored - weights)
    assert (differences <= found.scales[:, None] / 2 * 1.001).all()


def test_smoothing_leaves_a_product_as_it_was_and_its_channels_more_alike() -> None:
    random_numbers = np.random.default_rng(4)
    given = random_numbers.normal(size=(50, 8)).astype(np.float32) * np.float32([1, 1, 1, 1, 1, 1, 1, 90])
    weights = random_numbers.normal(size=(5, 8)).astype(np.float32)
    largest = np.abs(given).max(axis=0)
    factors = smoothing(weights, largest, 0.5)
    np.testing.assert_allclose((given / factors) @ (weights * factors).T, given @ weights.T, rtol=1e-3)
    assert np.ptp(np.log(largest / factors)) < np.ptp(np.log(largest)) / 1.5
    alike = largest / smoothing(weights, largest, 1.0)
    np.testing.assert_allclose(alike, alike.mean(), rtol=1e-4)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="takes a system that lists threads")
def test_a_question_is_encoded_by_the_thread_that_asks(root: Path) -> None:
    """Several at once would wait for each other's threads otherwise."""
    program = (
        "import os, onnxruntime; from kb.embedding import load_encoder; from kb.settings import Settings; "
        "before = len(os.listdir('/proc/self/task')); encoder = load_encoder(Settings()); "
        "[encoder.encode_query('wat kost het zaaksysteem ' * 9) for _ in range(3)]; "
        "print(len(os.listdir('/proc/self/task')) - before, os.environ['OPENBLAS_NUM_THREADS'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["0", "1"]


class Counting(WordEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        self.asked += texts
        return super().encode_queries(texts)


def test_the_last_queries_are_remembered_and_no_more() -> None:
    inner = Counting()
    encoder = RememberingEncoder(inner, remembered=2)
    assert encoder.encode_query("raad") is encoder.encode_query("raad")
    found = encoder.encode_queries(["raad", "archief", "raad", "archief"])
    assert found[0] is found[2]
    assert found[1] is found[3]
    encoder.encode_query("raad")
    encoder.encode_query("zaak")
    assert inner.asked == ["raad", "archief", "zaak"]
    encoder.encode_query("raad")
    encoder.encode_query("archief")
    assert inner.asked == ["raad", "archief", "zaak", "archief"]
    assert encoder.identity == inner.identity


def test_a_question_that_is_asked_again_is_not_encoded_again(tmp_path: Path) -> None:
    inner = Counting()
    name = publish(tmp_path, {record("a.md"): ["Het zaaksysteem kost twee ton."]})
    index = EmbeddedIndex.open(tmp_path / name)
    knowledge_base = KnowledgeBase.over(index, Settings(indexes=tmp_path), inner)
    for limit in (10, 5):
        assert knowledge_base.search("wat kost het zaaksysteem?", limit=limit).found.hits
    assert len(inner.asked) == 1


def test_many_threads_get_the_vectors_of_their_own_queries() -> None:
    inner = Counting()
    encoder = RememberingEncoder(inner, remembered=5)
    words = [f"woord{number}" for number in range(9)]
    wanted = {word: inner.encode_query(word).vector for word in words}
    chosen = random.Random(3).choices(words, k=400)  # noqa: S311 - the same every time
    with ThreadPoolExecutor(8) as pool:
        for word, found in zip(chosen, pool.map(encoder.encode_query, chosen), strict=True):
            np.testing.assert_array_equal(found.vector, wanted[word])


def test_float32_is_pytorch(theirs: Encoder) -> None:
    assert isinstance(theirs, SentenceTransformerEncoder)

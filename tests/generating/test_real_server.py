"""A real OpenAI-compatible server, `transformers serve`, with a tiny model that is made here.

Its words are nonsense from the sources' own vocabulary, with citations: the hardest nonsense there is.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from kb.generating import Ending
from tests.generating.conftest import COST, LENGTH, QUESTION, Ask

_DEADLINE = 120
_WIDTH, _INNER, _LAYERS = 32, 64, 2


def write_model(folder: Path, words: Sequence[str]) -> None:
    """A Llama with random weights whose tokens are these words. Without PyTorch, which takes long to load."""
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(["<unk>", "<eos>", *words]))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": len(vocabulary),
        "hidden_size": _WIDTH, "intermediate_size": _INNER, "num_hidden_layers": _LAYERS,
        "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 4096,
        "bos_token_id": None, "eos_token_id": 1, "pad_token_id": 1, "tie_word_embeddings": False,
        "dtype": "float32",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    told = {
        "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", "eos_token": "<eos>",
        "chat_template": "{% for message in messages %}{{ message['content'] }} {% endfor %}",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    drawn = np.random.default_rng(7)
    square, wide = (_WIDTH, _WIDTH), (_INNER, _WIDTH)
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens": (len(vocabulary), _WIDTH), "lm_head": (len(vocabulary), _WIDTH),
    }  # fmt: skip
    for layer in range(_LAYERS):
        inside = f"model.layers.{layer}"
        shapes |= {f"{inside}.self_attn.{name}_proj": square for name in "qkvo"}
        shapes |= {f"{inside}.mlp.{name}_proj": wide for name in ("gate", "up")}
        shapes[f"{inside}.mlp.down_proj"] = (_INNER, _WIDTH)[::-1]
    weights = {f"{name}.weight": drawn.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    for name in (
        "model.norm",
        *(
            f"model.layers.{layer}.{norm}_layernorm"
            for layer in range(_LAYERS)
            for norm in ("input", "post_attention")
        ),
    ):
        weights[f"{name}.weight"] = np.ones(_WIDTH, np.float32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of the server and the name of its model."""
    pytest.importorskip("openai", reason="transformers serve asks for it")
    pytest.importorskip("accelerate", reason="transformers serve asks for it")
    folder = tmp_path_factory.mktemp("model")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    words = [*COST.replace(".", " .").split(), *LENGTH.split(), "[1].", "[2].", "[3]."]
    write_model(folder, words)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [
        str(Path(sys.executable).with_name("transformers")), "serve", str(folder), "--host", "127.0.0.1",
        "--port", str(port), "--device", "cpu",
    ]  # fmt: skip
    log = folder / "serve.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(serve, env=environment, stdout=stream, stderr=stream) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1", str(folder)
        finally:
            process.terminate()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.3)


def test_nothing_of_a_model_that_talks_nonsense_comes_through(server: tuple[str, str], ask: Ask) -> None:
    url, name = server
    dropped = 0
    for question in (
        QUESTION,
        "Hoe lang duurt de proef met het archief van Waterrijk?",
        "Wat kost de proef per jaar?",
        "Wie beheert het archief van de gemeente?",
    ):
        kept, end = ask(question, llm_url=url, llm_model=name, llm_seconds=15)
        assert kept == []
        assert end.ending in {Ending.COMPLETE, Ending.CUT, Ending.TIMED_OUT}
        dropped += end.dropped_total
    # It did answer, in sentences that were judged.
    assert dropped > 0


def test_a_model_that_the_server_does_not_have_is_no_answer(server: tuple[str, str], ask: Ask) -> None:
    url, _ = server
    kept, end = ask(llm_url=url, llm_model="bestaat-niet", llm_seconds=30)
    assert (kept, end.ending) == ([], Ending.FAILED)

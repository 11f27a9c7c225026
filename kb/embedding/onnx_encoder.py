"""The encoder on ONNX Runtime: a BERT in eight bits, without PyTorch.

It is what queries are encoded with on a CPU: importing PyTorch and its libraries takes longer than a whole
search, and each of its products costs more.
"""

from __future__ import annotations

import os
import platform
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import onnxruntime

from kb.embedding import Encoded, EncoderIdentity, Spans, Vectors
from kb.embedding.converting import EMBEDDED, GRAPH, POSITIONS, TOKENS, WORDS
from kb.embedding.model_folder import BertFolder
from kb.embedding.spans import of_text, trimmed, unit
from kb.embedding.tokenizing import Tokens, text_tokenizer

# Embeddings of words that are remembered, some eight hundred bytes each where a vector has 384 numbers.
_REMEMBERED = 8_192


class OnnxEncoder:
    """An encoder on ONNX Runtime. Safe to use from several threads."""

    def __init__(self, model: BertFolder, converted: Path, *, identity: EncoderIdentity) -> None:
        """`converted` as `kb.embedding.converting.converted` gives it. Raises what the libraries raise when a
        file of it cannot be read."""
        self._identity = identity
        self._window = model.window
        self._words = _Words(converted / WORDS)
        self._positions = np.load(converted / POSITIONS)
        self._processors = processors()
        self._session = session_of(converted / GRAPH)
        self._tokenizer = text_tokenizer(model.tokenizer, converted)

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def window(self) -> int:
        return self._window - 2 - self.count_tokens([self._identity.passage_prompt])[0]

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encode(texts, self._identity.passage_prompt)

    def encode_query(self, text: str) -> Encoded:
        return self.encode_queries([text])[0]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encode(texts, self._identity.query_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._tokenizer.counts(texts)

    def passage_tokens(self, text: str) -> Spans:
        prompt = self._identity.passage_prompt
        (whole,) = self._tokenizer.tokens([prompt + text])
        offsets = self._cut(whole).offsets
        kept, spans = of_text(offsets, prompt)
        return [trimmed(text, *spans[number]) for number in kept]

    def _encode(self, texts: Sequence[str], prompt: str) -> list[Encoded]:
        whole = [self._cut(found) for found in self._tokenizer.tokens([prompt + text for text in texts])]
        encoded = []
        for text, tokens in zip(whole, self._forward_all(whole), strict=True):
            kept, _ = of_text(text.offsets, prompt)
            encoded.append(Encoded(unit(tokens.mean(axis=0)), unit(tokens[kept])))
        return encoded

    def _forward_all(self, texts: Sequence[Tokens]) -> list[Vectors]:
        if len(texts) < 2:
            return [self._forward(text) for text in texts]
        with ThreadPoolExecutor(self._processors, thread_name_prefix="encoding") as pool:
            return list(pool.map(self._forward, texts))

    def _forward(self, text: Tokens) -> Vectors:
        """The vectors of all its tokens, special ones included, of shape (tokens, dimension)."""
        embedded = self._words.of(text.ids) + self._positions[: len(text.ids)]
        (found,) = self._session.run([TOKENS], {EMBEDDED: embedded[None]})
        vectors: Vectors = found[0]
        return vectors

    def _cut(self, found: Tokens) -> Tokens:
        """The tokens that the model reads of a text: the first, and the special ones at its end."""
        ids, offsets = found.ids, found.offsets
        if len(ids) <= self._window:
            return found
        kept = self._window - found.ending
        rest = len(ids) - found.ending
        return Tokens([*ids[:kept], *ids[rest:]], [*offsets[:kept], *offsets[rest:]], found.ending)


class _Words:
    """The embeddings of words, read when they are needed. Safe to use from several threads.

    Mapped, a hundred megabytes of them would soon be of the process. What was read lately is remembered: a
    thread that reads waits for Python's lock after each word, as long as another computes.
    """

    def __init__(self, file: Path) -> None:
        """Raises `OSError` or `ValueError` when it cannot be read."""
        mapped = np.load(file, mmap_mode="r")
        opened = os.open(file, os.O_RDONLY)
        weakref.finalize(self, os.close, opened)
        self._kind = mapped.dtype
        self._row = lru_cache(_REMEMBERED)(partial(_row, opened, mapped.offset, mapped.strides[0]))

    def of(self, ids: Sequence[int]) -> Vectors:
        """Those of the words with these numbers, of shape (ids, dimension)."""
        rows = b"".join(map(self._row, ids))
        return np.frombuffer(rows, self._kind).reshape(len(ids), -1).astype(np.float32)


def _row(file: int, start: int, size: int, number: int) -> bytes:
    """The bytes of a row in a file of rows of this size, the first of which is at `start`."""
    return os.pread(file, size, start + number * size)


def session_of(graph: Path) -> onnxruntime.InferenceSession:
    """What computes a graph, on the thread that asks. Raises what ONNX Runtime raises."""
    options = onnxruntime.SessionOptions()
    # Several texts at once take a thread each. Two threads for one text wait for each other longer than they
    # gain (BENCHMARKS.md), and another search has the second processor.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # What the longest text took would otherwise be kept for good.
    options.enable_cpu_mem_arena = False
    if not adds_exactly():
        # Another way to multiply, that is right everywhere and takes twice the time.
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def processors() -> int:
    """How many processors this process may use; those that `OMP_NUM_THREADS` leaves it, where it is set."""
    ours = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(ours, int(asked))) if asked.isdecimal() else ours


def adds_exactly(about: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor adds products of eight bits without a loss.

    Those of Intel and AMD without the instructions for it (VNNI) add each two in sixteen bits, which the
    largest do not fit. What cannot be read counts as such.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    try:
        return "_vnni" in about.read_text(encoding="utf-8")
    except OSError:
        return False

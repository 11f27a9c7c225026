"""The encoder on ONNX Runtime: a BERT with its weights in blocks, without PyTorch.

It is what queries are encoded with on a CPU: importing PyTorch and its libraries takes longer than a whole
search, and each of its products costs more.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime

from kb.embedding import Encoded, EncoderIdentity, Spans, Vectors
from kb.embedding.converting import EMBEDDED, GRAPH, POSITIONS, PRESENT, TOKENS, WORDS
from kb.embedding.model_folder import BertFolder
from kb.embedding.spans import batches, of_text, trimmed, unit
from kb.embedding.tokenizing import Tokens, text_tokenizer

# Tokens in one call of the model, padding included. What lies between the layers should stay in the
# processor's cache: with more of them each token takes longer (BENCHMARKS.md).
_BATCH_TOKENS = 256


class OnnxEncoder:
    """An encoder on ONNX Runtime. Safe to use from several threads."""

    def __init__(self, model: BertFolder, converted: Path, *, identity: EncoderIdentity) -> None:
        """`converted` as `kb.embedding.converting.converted` gives it. Raises what the libraries raise when a
        file of it cannot be read."""
        self._identity = identity
        self._window = model.window
        self._words = np.load(converted / WORDS, mmap_mode="r")
        self._positions = np.load(converted / POSITIONS)
        self._processors = processors()
        # An encoding alone takes all processors; those beside each other one each, or they wait in turn for
        # what both have to be done with.
        self._alone = _session(converted / GRAPH, self._processors)
        self._beside = _session(converted / GRAPH, 1) if self._processors > 1 else self._alone
        self._running = 0
        self._counting = threading.Lock()
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
        planned = list(batches([len(one.ids) for one in whole], tokens=_BATCH_TOKENS))
        encoded: dict[int, Encoded] = {}
        for batch, found in zip(planned, self._forward_all(whole, planned), strict=True):
            for number, tokens in zip(batch, found, strict=True):
                kept, _ = of_text(whole[number].offsets, prompt)
                encoded[number] = Encoded(unit(tokens.mean(axis=0)), unit(tokens[kept]))
        return [encoded[number] for number in range(len(texts))]

    def _forward_all(
        self, texts: Sequence[Tokens], planned: Sequence[Sequence[int]]
    ) -> Iterator[list[Vectors]]:
        """The vectors of the tokens of each text of each batch."""
        some = ([texts[number] for number in batch] for batch in planned)
        if len(planned) < 2:
            yield from map(self._forward, some)
            return
        with ThreadPoolExecutor(self._processors, thread_name_prefix="encoding") as pool:
            yield from pool.map(self._forward, some)

    def _forward(self, texts: Sequence[Tokens]) -> list[Vectors]:
        """The vectors of all their tokens, special ones included, each of shape (tokens, dimension)."""
        length = max(len(text.ids) for text in texts)
        ids = np.zeros((len(texts), length), np.int64)
        present = np.zeros((len(texts), length), np.int32)
        for row, text in enumerate(texts):
            ids[row, : len(text.ids)] = text.ids
            present[row, : len(text.ids)] = 1
        embedded = self._words[ids].astype(np.float32) + self._positions[:length]
        with self._session() as session:
            (found,) = session.run([TOKENS], {EMBEDDED: embedded, PRESENT: present})
        return [row[: len(text.ids)] for row, text in zip(found, texts, strict=True)]

    @contextmanager
    def _session(self) -> Iterator[onnxruntime.InferenceSession]:
        with self._counting:
            self._running += 1
            is_alone = self._running == 1
        try:
            yield self._alone if is_alone else self._beside
        finally:
            with self._counting:
                self._running -= 1

    def _cut(self, found: Tokens) -> Tokens:
        """The tokens that the model reads of a text: the first, and the special ones at its end."""
        ids, offsets = found.ids, found.offsets
        if len(ids) <= self._window:
            return found
        kept = self._window - found.ending
        rest = len(ids) - found.ending
        return Tokens([*ids[:kept], *ids[rest:]], [*offsets[:kept], *offsets[rest:]], found.ending)


def _session(graph: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the processors from whatever else runs on two of them.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # What the largest batch took would otherwise be kept for good.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def processors() -> int:
    """How many processors this process may use; those that `OMP_NUM_THREADS` leaves it, where it is set."""
    ours = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(ours, int(asked))) if asked.isdecimal() else ours

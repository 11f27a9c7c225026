"""How near the encoder's vectors stay to those of float32, by how each kind of product is rounded.

    python benchmarks/rounding.py

One kind of product of the model's layers at a time, and then all of them, computes with weights in eight bits
and with what it is given rounded in one of these ways, in PyTorch; all else stays float32. Passages are drawn
from an index of ../shared/corpus (build/bench, by build_and_search.py), questions are those beside it. What
is chosen of these ways is what `kb.embedding.bert_graph` writes. Prints Markdown for BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from encoder_engines import QUESTIONS, some_passages
from sentence_transformers import SentenceTransformer

from kb.embedding.quantising import quantise_weights, sizes_after_norm, smoothing
from kb.embedding.unpacking import default_model_folder

_RAISED = 0.17
# The part of a layer's name that tells its kind.
KINDS = {
    "query and key": ("self.query", "self.key"),
    "value": ("self.value",),
    "attention's output": ("attention.output",),
    "to the wide layer": ("intermediate",),
    "from the wide layer": ("output.dense",),
}


@dataclass(frozen=True)
class Way:
    """How a product is rounded: `by` "text", "token" or "raised token"; the strength of its smoothing."""

    by: str
    strength: float = 0.0

    def __str__(self) -> str:
        return f"by {self.by}" + (f", smoothed {self.strength}" if self.strength else "")


CHOSEN = {
    "query and key": Way("text"),
    "value": Way("text", 0.4),
    "attention's output": Way("text"),
    "to the wide layer": Way("token", 0.8),
    "from the wide layer": Way("raised token"),
}
TRIED = [
    *({kind: Way("text")} for kind in KINDS),
    *({kind: way} for kind, way in CHOSEN.items() if way != Way("text")),
    dict.fromkeys(KINDS, Way("text")),
    CHOSEN,
]


class Rounded:
    """A model of which some products are rounded."""

    def __init__(self) -> None:
        self.model = SentenceTransformer(str(default_model_folder()), device="cpu")
        self._layers = {
            name: layer
            for name, layer in self.model[0].auto_model.named_modules()
            if isinstance(layer, torch.nn.Linear) and name.startswith("encoder")
        }
        self._weights = {name: layer.weight.detach().numpy().copy() for name, layer in self._layers.items()}
        self._norms = {
            name: values.numpy().copy()
            for name, values in self.model[0].auto_model.state_dict().items()
            if "LayerNorm" in name
        }

    def round(self, ways: Mapping[str, Way]) -> None:
        """Round products of these kinds so, and compute all others as they were."""
        for name, layer in self._layers.items():
            way = ways.get(kind_of(name))
            weights, factors = self._weights[name], np.ones(1, np.float32)
            if way and way.strength:
                factors = smoothing(weights, self._largest(name), way.strength)
            if way:
                weights = quantise_weights(weights * factors).restored
            layer.weight.data = torch.from_numpy(np.ascontiguousarray(weights))
            layer.forward = product(layer, torch.from_numpy(factors), way)

    def _largest(self, name: str) -> np.ndarray:
        """How large the channels get that a layer after a norm is given."""
        number = int(name.split(".")[2])
        own = f"encoder.layer.{number}.attention.output.LayerNorm"
        before = f"encoder.layer.{number - 1}.output.LayerNorm" if number else "embeddings.LayerNorm"
        norm = own if "intermediate" in name else before
        return sizes_after_norm(self._norms[f"{norm}.weight"], self._norms[f"{norm}.bias"])

    def vectors(self, texts: list[str]) -> np.ndarray:
        """One text at a time, as the encoder does."""
        with torch.inference_mode():
            return self.model.encode(texts, batch_size=1, normalize_embeddings=True)


def product(
    layer: torch.nn.Linear, factors: torch.Tensor, way: Way | None
) -> Callable[[torch.Tensor], torch.Tensor]:
    def forward(given: torch.Tensor) -> torch.Tensor:
        found = given if way is None else ROUNDINGS[way.by](given / factors)
        return torch.nn.functional.linear(found, layer.weight, layer.bias)

    return forward


def by_text(given: torch.Tensor) -> torch.Tensor:
    """256 steps between the least and the most, of which one is zero."""
    least, most = given.amin().clamp_max(0), given.amax().clamp_min(0)
    step = (most - least) / 255
    zero = (-least / step).round()
    return ((given / step + zero).round().clamp(0, 255) - zero) * step


def by_token(given: torch.Tensor) -> torch.Tensor:
    step = given.abs().amax(-1, keepdim=True) / 127
    return (given / step).round() * step


def by_raised_token(given: torch.Tensor) -> torch.Tensor:
    raised = given + _RAISED
    step = raised.amax(-1, keepdim=True) / 255
    return (raised / step).round() * step - _RAISED


ROUNDINGS = {"text": by_text, "token": by_token, "raised token": by_raised_token}


def kind_of(name: str) -> str:
    """The kind of a layer. "attention.output.dense" holds the name of another kind as well."""
    return next(kind for kind, parts in KINDS.items() if any(part in name for part in parts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    parser.add_argument("--texts", type=int, default=60, help="passages, and as many questions")
    options = parser.parse_args()
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    asked = [f"query: {json.loads(line)['question']}" for line in lines[: options.texts]]
    passages = [f"passage: {text}" for text in some_passages(options.indexes, options.texts)]
    rounded = Rounded()
    exact = rounded.vectors(passages), rounded.vectors(asked)
    print("| Rounded | How | Passages: cosine, mean and lowest | Questions |")
    print("|---|---|---|---|")
    for ways in TRIED:
        rounded.round(ways)
        cells = []
        for texts, wanted in zip((passages, asked), exact, strict=True):
            cosines = (rounded.vectors(texts) * wanted).sum(axis=1)
            cells.append(f"{cosines.mean():.5f}, {cosines.min():.5f}")
        what = next(iter(ways)) if len(ways) == 1 else "all"
        how = "as chosen" if ways is CHOSEN else str(next(iter(ways.values())))
        print(f"| {what} | {how} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

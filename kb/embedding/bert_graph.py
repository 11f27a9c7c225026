"""BERT's layers as an ONNX graph, in the operators that ONNX Runtime computes fastest on a CPU.

The layers are those of Devlin et al. (2019) as transformers' BertModel has them, without the embeddings of
words and positions, which are looked up outside, and without the pooler. Weights are in blocks
(`kb.embedding.quantising`); activations are rounded to eight bits within a product (accuracy level 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from kb.embedding.converting import EMBEDDED, PRESENT, TOKENS
from kb.embedding.model_folder import BertFolder
from kb.embedding.quantising import BLOCK, quantise_weights

_RUNTIME = "com.microsoft"
_INT8_PRODUCTS = 4
_OPSET, _RUNTIME_OPSET, _IR_VERSION = 17, 1, 9

Array = npt.NDArray[np.float32]


class BertGraph:
    """A graph under way: nodes and their constants, each named after what it gives."""

    def __init__(self, model: BertFolder, tensors: Mapping[str, Array]) -> None:
        self._model = model
        self._tensors = tensors
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        """The whole of it."""
        hidden = self._model.hidden_size
        self._constant("thirds", np.full(3, hidden, np.int64))
        norm = self._norm("embeddings.LayerNorm")
        at = self._node(
            "LayerNormalization", [EMBEDDED, *norm], "layer.0", axis=-1, epsilon=self._model.epsilon
        )
        for number in range(self._model.layers):
            is_last = number == self._model.layers - 1
            at = self._layer(number, at, TOKENS if is_last else f"layer.{number + 1}")
        vectors: list[str | int | None] = ["texts", "length", hidden]
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [
                helper.make_tensor_value_info(EMBEDDED, TensorProto.FLOAT, vectors),
                helper.make_tensor_value_info(PRESENT, TensorProto.INT32, vectors[:2]),
            ],
            [helper.make_tensor_value_info(TOKENS, TensorProto.FLOAT, vectors)],
            self._constants,
        )
        versions = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIME, _RUNTIME_OPSET)]
        return helper.make_model(graph, opset_imports=versions, ir_version=_IR_VERSION)

    def _layer(self, number: int, given: str, name: str) -> str:
        own = f"encoder.layer.{number}."
        query, key, value = (f"{own}attention.self.{part}" for part in ("query", "key", "value"))
        projected = self._linear(given, (query, key, value), f"{own}projected")
        parts = [f"{own}{part}" for part in ("query", "key", "value")]
        self._nodes.append(helper.make_node("Split", [projected, "thirds"], parts, axis=2))
        attended = self._runtime(
            "MultiHeadAttention", [*parts, "", PRESENT], f"{own}attended", num_heads=self._model.heads
        )
        output = self._linear(attended, (f"{own}attention.output.dense",), f"{own}output")
        between = self._added(output, given, f"{own}attention.output.LayerNorm", f"{own}between")
        wide = self._linear(between, (f"{own}intermediate.dense",), f"{own}wide")
        active = self._runtime("Gelu", [wide], f"{own}active")
        narrow = self._linear(active, (f"{own}output.dense",), f"{own}narrow")
        return self._added(narrow, between, f"{own}output.LayerNorm", name)

    def _linear(self, given: str, layers: tuple[str, ...], name: str) -> str:
        """A product with the weights of one layer, or of several side by side, and their bias."""
        weights = np.concatenate([self._tensors[f"{layer}.weight"] for layer in layers])
        bias = np.concatenate([self._tensors[f"{layer}.bias"] for layer in layers])
        outputs, inputs = weights.shape
        found = quantise_weights(weights)
        constants = [
            self._constant(f"{name}.codes", found.codes),
            self._constant(f"{name}.scales", found.scales.reshape(-1)),
            "",
            "",
            self._constant(f"{name}.bias", bias),
        ]
        return self._runtime(
            "MatMulNBits",
            [given, *constants],
            name,
            K=inputs,
            N=outputs,
            bits=found.bits,
            block_size=BLOCK,
            accuracy_level=_INT8_PRODUCTS,
        )

    def _added(self, output: str, given: str, norm: str, name: str) -> str:
        """The sum of a block's output and what it was given, normalised."""
        constants = self._norm(norm)
        return self._runtime(
            "SkipLayerNormalization", [output, given, *constants], name, epsilon=self._model.epsilon
        )

    def _norm(self, layer: str) -> list[str]:
        names = [f"{layer}.weight", f"{layer}.bias"]
        return [self._constant(name, self._tensors[name]) for name in names]

    def _constant(self, name: str, values: npt.NDArray[np.generic]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _runtime(self, operator: str, inputs: list[str], name: str, **attributes: float) -> str:
        return self._node(operator, inputs, name, domain=_RUNTIME, **attributes)

    def _node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

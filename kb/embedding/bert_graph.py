"""BERT's layers as an ONNX graph, in the operators that ONNX Runtime computes fastest on a CPU.

The layers are those of Devlin et al. (2019) as transformers' BertModel has them, without the embeddings of
words and positions, which are looked up outside, and without the pooler. All products with weights are of
eight bits (`kb.embedding.quantising`). What they are given is rounded by the text that is encoded or by its
single tokens, whichever was found to be needed (BENCHMARKS.md, "The encoder"); a graph takes one text, so
that no other has a say in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from kb.embedding.converting import EMBEDDED, TOKENS
from kb.embedding.model_folder import BertFolder
from kb.embedding.quantising import Quantised, quantise_weights, sizes_after_norm, smoothing

_RUNTIME = "com.microsoft"
_OPSET, _RUNTIME_OPSET, _IR_VERSION = 17, 1, 9
# How much of the differences between channels goes to the weights of what they are multiplied with.
_VALUE_SMOOTHING, _WIDE_SMOOTHING = 0.4, 0.8
# The least that GELU gives is -0.16997: raised by this it is never negative, and takes all of eight bits.
_RAISED = 0.17
_PARTS = ("weight", "bias")

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
        self._constant("halves", np.full(2, hidden, np.int64))
        self._constant("raised", np.float32(_RAISED))
        for name, levels, zero in (("signed", 127, 128), ("unsigned", 255, 0)):
            self._constant(f"{name}.step", np.float32(1 / levels))
            self._constant(f"{name}.zero", np.uint8(zero))
        norm = "embeddings.LayerNorm"
        at = self._normalised(EMBEDDED, norm, "layer.0")
        for number in range(self._model.layers):
            is_last = number == self._model.layers - 1
            at, norm = self._layer(number, at, norm, TOKENS if is_last else f"layer.{number + 1}")
        vectors: list[str | int | None] = [1, "length", hidden]
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [helper.make_tensor_value_info(EMBEDDED, TensorProto.FLOAT, vectors)],
            [helper.make_tensor_value_info(TOKENS, TensorProto.FLOAT, vectors)],
            self._constants,
        )
        versions = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIME, _RUNTIME_OPSET)]
        return helper.make_model(graph, opset_imports=versions, ir_version=_IR_VERSION)

    def _layer(self, number: int, given: str, norm: str, name: str) -> tuple[str, str]:
        """A layer that is given what `norm` normalised; what it gives, and what normalised that."""
        own = f"encoder.layer.{number}."
        output = self._attention(own, given, norm)
        norm = f"{own}attention.output.LayerNorm"
        between = self._normalised(
            self._node("Add", [output, given], f"{own}attention.sum"), norm, f"{own}between"
        )
        narrow = self._feed_forward(own, between, norm)
        norm = f"{own}output.LayerNorm"
        return self._normalised(self._node("Add", [narrow, between], f"{own}sum"), norm, name), norm

    def _attention(self, own: str, given: str, norm: str) -> str:
        attention = f"{own}attention."
        weights, bias = self._linear(f"{attention}self.query", f"{attention}self.key")
        both = self._by_text(given, quantise_weights(weights), bias, f"{attention}both")
        halves = [f"{attention}query", f"{attention}key"]
        self._nodes.append(helper.make_node("Split", [both, "halves"], halves, axis=2))
        # What is weighed goes on into the next layer, and what decides how much does not: it takes more care.
        weights, bias = self._linear(f"{attention}self.value")
        smooth, weights = self._smoothed(
            given, weights, self._largest(norm), _VALUE_SMOOTHING, f"{attention}smooth"
        )
        value = self._by_text(smooth, quantise_weights(weights), bias, f"{attention}value")
        attended = self._runtime(
            "MultiHeadAttention", [*halves, value], f"{attention}attended", num_heads=self._model.heads
        )
        weights, bias = self._linear(f"{attention}output.dense")
        return self._by_text(attended, quantise_weights(weights), bias, f"{attention}output")

    def _feed_forward(self, own: str, given: str, norm: str) -> str:
        weights, bias = self._linear(f"{own}intermediate.dense")
        smooth, weights = self._smoothed(
            given, weights, self._largest(norm), _WIDE_SMOOTHING, f"{own}intermediate.smooth"
        )
        sizes = self._node("Abs", [smooth], f"{own}intermediate.sizes")
        wide = self._by_token(smooth, sizes, "signed", quantise_weights(weights), f"{own}intermediate")
        active = self._runtime(
            "BiasGelu", [wide, self._constant(f"{own}intermediate.bias", bias)], f"{own}active"
        )
        raised = self._node("Add", [active, "raised"], f"{own}raised")
        weights, bias = self._linear(f"{own}output.dense")
        found = quantise_weights(weights)
        narrow = self._by_token(raised, raised, "unsigned", found, f"{own}narrow")
        lowered: Array = bias - np.float32(_RAISED) * found.restored.sum(axis=1)
        return self._node("Add", [narrow, self._constant(f"{own}narrow.bias", lowered)], f"{own}output")

    def _linear(self, *layers: str) -> tuple[Array, Array]:
        """The weights of layers side by side, of shape (outputs, inputs), and their bias."""
        weights: Array = np.concatenate([self._tensors[f"{layer}.weight"] for layer in layers])
        bias: Array = np.concatenate([self._tensors[f"{layer}.bias"] for layer in layers])
        return weights, bias

    def _largest(self, norm: str) -> Array:
        """How large the channels get that a norm gives."""
        return sizes_after_norm(*(self._tensors[f"{norm}.{part}"] for part in _PARTS))

    def _smoothed(
        self, given: str, weights: Array, largest: Array, strength: float, name: str
    ) -> tuple[str, Array]:
        """What is given with its channels more alike, and the weights that undo it."""
        factors = smoothing(weights, largest, strength)
        return self._node("Mul", [given, self._constant(f"{name}.by", 1 / factors)], name), weights * factors

    def _by_text(self, given: str, weights: Quantised, bias: Array, name: str) -> str:
        """A product with what is given rounded in 256 steps between the least and the most of its text."""
        constants = [*self._weights(weights, name), "", self._constant(f"{name}.bias", bias)]
        return self._runtime("DynamicQuantizeMatMul", [given, *constants], name)

    def _by_token(self, given: str, sizes: str, steps: str, weights: Quantised, name: str) -> str:
        """A product with what is given rounded in steps of the largest of each token's `sizes`."""
        most = self._node("ReduceMax", [sizes], f"{name}.most", axes=[-1], keepdims=1)
        of_most = self._node("Div", [given, most], f"{name}.of_most")
        step, zero = f"{steps}.step", f"{steps}.zero"
        rounded = self._node("QuantizeLinear", [of_most, step, zero], f"{name}.rounded")
        codes, scales = self._weights(weights, name)
        product = self._runtime(
            "MatMulIntegerToFloat", [rounded, codes, step, scales, zero], f"{name}.product"
        )
        return self._node("Mul", [product, most], name)

    def _weights(self, weights: Quantised, name: str) -> list[str]:
        return [
            self._constant(f"{name}.codes", weights.codes),
            self._constant(f"{name}.scales", weights.scales),
        ]

    def _normalised(self, given: str, norm: str, name: str) -> str:
        # One operator that adds and normalises takes half as long again as the two.
        constants = [self._constant(f"{norm}.{part}", self._tensors[f"{norm}.{part}"]) for part in _PARTS]
        return self._node(
            "LayerNormalization", [given, *constants], name, axis=-1, epsilon=self._model.epsilon
        )

    def _constant(self, name: str, values: npt.NDArray[np.generic] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def _runtime(self, operator: str, inputs: list[str], name: str, **attributes: float) -> str:
        return self._node(operator, inputs, name, domain=_RUNTIME, **attributes)

    def _node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

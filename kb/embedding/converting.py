"""A BERT put into the form that ONNX Runtime reads, once, in the user's cache."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from kb.arrays import write_array
from kb.embedding.model_folder import BertFolder
from kb.errors import EncoderUnavailable
from kb.files import made_once, user_cache

GRAPH = "layers.onnx"
WORDS = "words.npy"
POSITIONS = "positions.npy"
# What the graph takes: the embedded tokens of one text, of shape (1, tokens, hidden size). What it gives:
# their vectors, of the same shape.
EMBEDDED, TOKENS = "embedded", "tokens"
# Raised when what is written changes, so that an older one in the cache is not used.
CONVERSION_FORMAT = 3


def converted(model: BertFolder, revision: str) -> Path:
    """The folder with the layers as an ONNX graph, the embeddings of words as float16 of shape (vocabulary,
    hidden size), to be mapped, those of positions as float32 of shape (positions, hidden size), and what
    `kb.embedding.tokenizing` keeps of the tokenizer.

    Made on first use and kept by the model's `revision`. Raises `EncoderUnavailable` when it cannot be made.
    """
    folder = user_cache() / f"converted-{revision}-{CONVERSION_FORMAT}"
    if not folder.is_dir():
        try:
            made_once(folder, partial(_convert, model))
        except Exception as error:
            # A full disk reaches us as whatever the library that was writing makes of it.
            raise EncoderUnavailable(
                f"The model in {model.path} cannot be converted in {folder.parent} ({error}). Make 300 MB of "
                "room there, set XDG_CACHE_HOME to a folder that can be written, or KB_PRECISION to float32"
            ) from error
        for older in folder.parent.glob(f"converted-{revision}-*"):
            if older != folder:
                forget(older)
    return folder


def forget(folder: Path) -> None:
    """Remove a conversion that cannot be read, so that it is made anew."""
    shutil.rmtree(folder, ignore_errors=True)


def _convert(model: BertFolder, stage: Path) -> None:
    from safetensors.numpy import load_file

    from kb.embedding.bert_graph import BertGraph
    from kb.embedding.tokenizing import write_pieces

    tensors = {
        # Some are saved beneath the name of the architecture.
        name.removeprefix("bert."): values.astype(np.float32, copy=False)
        for name, values in load_file(model.weights).items()
    }
    words = tensors["embeddings.word_embeddings.weight"]
    # All tokens are of the first type here: a text is never one of a pair.
    positions = (
        tensors["embeddings.position_embeddings.weight"]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    write_pieces(model.tokenizer, stage)
    write_array(stage / WORDS, words.astype(np.float16))
    write_array(stage / POSITIONS, positions)
    (stage / GRAPH).write_bytes(BertGraph(model, tensors).build().SerializeToString())

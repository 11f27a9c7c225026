"""Models without a network: where they lie, and what the libraries are told before they are imported."""

from __future__ import annotations

import os
from pathlib import Path

from kb.embedding import unpacking


def prepare() -> None:
    """Keep the libraries from the network and from spinning threads. Before torch is first imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Threads that spin while they wait take the processors from every other process: a build and a service
    # on two cores then slow each other down many times over.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def folder_or_name(model: str) -> str:
    """The folder of a model, or its name in the local cache."""
    if model == unpacking.NAME:
        return str(unpacking.default_model_folder())
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model

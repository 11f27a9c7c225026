"""Where a model runs: on the processor, or on a graphics card that PyTorch can use."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kb.settings import Settings

CPU = "cpu"
# What the wheels of PyTorch that were made for graphics cards of NVIDIA hold, and the CPU build does not.
_CUDA_LIBRARY = Path("lib", "libtorch_cuda.so")


def device_of(settings: Settings) -> str:
    """The device that the settings ask for, as PyTorch names it.

    `auto` is a graphics card of NVIDIA where PyTorch sees one, else the processor, and always that for eight
    bits. Only a PyTorch that was made for such cards is imported to find out: it would take longer than a
    search.
    """
    if settings.device != "auto":
        return settings.device
    if settings.precision == "int8":
        return CPU
    return "cuda" if has_cuda_build() and _sees_a_card() else CPU


def has_cuda_build() -> bool:
    """Whether the PyTorch that is installed was made for graphics cards of NVIDIA."""
    found = importlib.util.find_spec("torch")
    return bool(found and found.origin and (Path(found.origin).parent / _CUDA_LIBRARY).is_file())


def _sees_a_card() -> bool:
    import torch

    return torch.cuda.is_available()

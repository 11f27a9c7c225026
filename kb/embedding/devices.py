"""Where a model runs: on the processor, or on a graphics card that PyTorch can use."""

from __future__ import annotations

import importlib.util
from pathlib import Path

CPU = "cpu"
# What the wheels of PyTorch that were made for graphics cards of NVIDIA hold, and the CPU build does not.
_CUDA_LIBRARY = Path("lib", "libtorch_cuda.so")


def device_of(asked: str) -> str:
    """The device that `asked` names as `KB_DEVICE` does, as PyTorch names it.

    `auto` is a graphics card where there is one and PyTorch can use it, else the processor. Only a PyTorch
    that was made for graphics cards is imported to find out: it would take longer than a search.
    """
    if asked != "auto":
        return asked
    return "cuda" if _has_cuda_build() and _sees_a_card() else CPU


def _has_cuda_build() -> bool:
    found = importlib.util.find_spec("torch")
    return bool(found and found.origin and (Path(found.origin).parent / _CUDA_LIBRARY).is_file())


def _sees_a_card() -> bool:
    import torch

    return torch.cuda.is_available()

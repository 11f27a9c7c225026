"""Arrays in files, as NumPy writes them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt


def write_array(file: Path, values: npt.NDArray[Any]) -> None:
    """Write an array of any shape, to be read or mapped by `numpy.load`.

    Raises `OSError` when there is no room for all of it: `numpy.save` closes a file without seeing that.
    """
    with file.open("wb") as stream:
        # To an open file NumPy would write past Python; to what only has a `write` it does not.
        np.lib.format.write_array(SimpleNamespace(write=stream.write), values, allow_pickle=False)

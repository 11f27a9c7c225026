"""Test builds on a Ray cluster, in an environment of its own: build/ray-env. Run it by `make ray`.

Ray brings pyarrow, pandas and 70 MB of itself, so it is not in .venv.
"""

from __future__ import annotations

import sys

from environments import run_tests

if __name__ == "__main__":
    sys.exit(run_tests("ray", ["ray"], over_ours=True))

"""Test the index on Milvus, in an environment of its own: build/milvus-env. Run it by `make milvus`.

The client and both servers bring pandas, pyarrow and a database of 270 MB, so none of them is in .venv.
"""

from __future__ import annotations

import sys

from environments import run_tests

# milvus-lite: the current protocol, as a cluster speaks it. milvus: the genuine server, of 2024.
SERVERS = ("milvus-lite==3.2.2", "milvus==2.3.5")

if __name__ == "__main__":
    sys.exit(run_tests("milvus", ["milvus"], also=SERVERS, over_ours=True))

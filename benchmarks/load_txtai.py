"""Write an index of txtai for its API server, of our passages; run by load.py in the peers' environment.

It is set up as peer_runner.py does, and takes the vectors that peers.py left.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from peer_runner import Txtai, Window, read_lines
from peer_vectors import SharedVectors, shared


def main() -> None:
    """Index the passages and save the index."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("passages", "model", "vectors", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    peer = Txtai(options.model, Window(options.model))
    with shared(SharedVectors(options.vectors)):
        peer.index_passages(read_lines(options.passages))
    peer._index.save(str(options.output))


if __name__ == "__main__":
    main()

"""The `kb` command with the test encoder: `python -m tests.clients.command serve`."""

from __future__ import annotations

import kb.embedding
from tests.geometry import WordEncoder


def main() -> None:
    """Run the command."""
    # Before anything takes the name from that room.
    kb.embedding.load_encoder = lambda _: WordEncoder()
    from kb.cli import main as run

    run()


if __name__ == "__main__":
    main()

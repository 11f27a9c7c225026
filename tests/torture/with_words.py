"""The `kb` command with the encoder of the tests, which needs no model.

`python -m tests.torture.with_words build` is `kb build`. All else is the real command: its arguments,
its processes, its messages and its exit status.
"""

from __future__ import annotations

import kb.embedding
from tests.geometry import WordEncoder


def use_words() -> None:
    """Make the encoder of the tests the one that is loaded; before anything else is imported from kb."""
    kb.embedding.load_encoder = lambda _: WordEncoder()


if __name__ == "__main__":
    use_words()
    from kb.cli import main

    main()

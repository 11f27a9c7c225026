"""How large passages may be."""

from __future__ import annotations

from kb.chunking import Window
from kb.embedding import Encoder
from kb.settings import Settings

# Room that the passage's context (title and headings) may take of the encoder's window.
_CONTEXT_TOKENS = 96


def passage_window(settings: Settings, encoder: Encoder) -> Window:
    """The sizes of passages that the settings ask for and the encoder can read, their context included."""
    return Window(
        words=settings.passage_words,
        overlap_words=settings.overlap_words,
        tokens=encoder.window - _CONTEXT_TOKENS,
        count_tokens=encoder.count_tokens,
    )

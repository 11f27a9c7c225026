"""Answers in a language model's own words, of which only what its sources support is let through.

The model is behind an OpenAI-compatible endpoint of the operator's choice, and nothing of it is trusted: a
sentence that cites no source, or a source that does not support it, is dropped and counted.
"""

from __future__ import annotations

from kb.generating.generated import Dropped, Ended, Ending, Generated, Source
from kb.generating.generation import Generation, Judging
from kb.generating.writer import Writer

__all__ = ["Dropped", "Ended", "Ending", "Generated", "Generation", "Judging", "Source", "Writer"]

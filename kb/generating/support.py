"""Whether the passage that a sentence cites supports it.

Words alone do not tell what a sentence claims, and vectors tell of subjects more than of claims: "rose" and
"fell" lie side by side. So both are asked, and the rules are strict: numbers, names and denials must stand in
the one sentence of the passage that says the rest as well. What is true but in other words is lost by this;
the literal answer stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kb.chunking import sentences
from kb.documents import Passage
from kb.embedding import Encoder, Vectors
from kb.generating.claim import Said
from kb.generating.generated import Cited, Dropped, Generated, Source
from kb.language import Lexicon, language_of, tokens

# Where nonsense from the words of a passage ends, and right sentences begin (BENCHMARKS.md).
_MIN_SIMILARITY = 0.35
# What is shorter or longer is no sentence.
_MIN_WORDS = 3
_MAX_CHARACTERS = 600
_CLOSING = " \"'”’»)]"
# What leads elsewhere, or would be more than text where it is shown.
_ADDRESS = re.compile(r"https?:|www\.|@|[<>\\{}|]|\]\(|\w\.(?:nl|com|org|net|eu|be|io)\b", re.IGNORECASE)
# A sentence that begins so goes on about what the one before it named.
_REFERRING = """
    hij zij ze het dit deze dat die daar daarbij daarmee daarvoor hiervoor hiermee hierbij er hun zijn haar
    he she it this these that those they there their his her its
"""
_ANAPHORS = frozenset(_REFERRING.split())
_JOINED = re.compile(r",\s+(?=(?:en|maar|want|dus|terwijl|and|but|so|while|whereas)\b)")
# What a sentence of a source may lack, from what is looked at first.
_LOOKED_AT = (Dropped.WORDS, Dropped.NUMBER, Dropped.NAME, Dropped.CLAIM, Dropped.MEANING)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The words that may support a claim: `text` says it, in `sentence`; `before` names what it is about."""

    text: str
    sentence: str
    before: str = ""

    @property
    def whole(self) -> str:
        return f"{self.before} {self.text}".strip()


class Support:
    """Judges sentences by the passages that they cite.

    Every word of a sentence must stand in one sentence of the passage, or in its headings. Of sentences that
    were judged by hand, this keeps half of the right ones and none of the wrong ones (BENCHMARKS.md).

    `baseline` is the cosine that two passages of the index have on average: encoders differ much in it.
    """

    def __init__(self, encoder: Encoder, lexicon: Lexicon, *, baseline: float) -> None:
        self._encoder = encoder
        self._lexicon = lexicon
        self._baseline = min(baseline, 0.99)

    def judge(
        self, sentence: Cited, sources: Mapping[int, Source], *, language: str | None
    ) -> Generated | Dropped:
        """The sentence with those of its sources that support it, or why it is dropped.

        `language` is that of the question, where it is known.
        """
        cited = [sources[number] for number in sentence.citations if number in sources]
        if not cited:
            return Dropped.UNKNOWN_SOURCE if sentence.citations else Dropped.NO_CITATION
        if _ADDRESS.search(sentence.text):
            return Dropped.ADDRESS
        if language and language_of(sentence.text) not in (language, None):
            return Dropped.LANGUAGE
        claim = Said(sentence.text[:_MAX_CHARACTERS], self._lexicon)
        if not claim.items or claim.length < _MIN_WORDS or len(sentence.text) > _MAX_CHARACTERS:
            return Dropped.WORDS
        lacking = [self._lacking(claim, sentence.text, source.passage) for source in cited]
        if kept := tuple(source for source, lacks in zip(cited, lacking, strict=True) if lacks is None):
            return Generated(text=sentence.text, sources=kept)
        return max(filter(None, lacking), key=_LOOKED_AT.index)

    def _lacking(self, claim: Said, text: str, passage: Passage) -> Dropped | None:
        """What the most fitting sentence of a passage lacks of a claim; None when it supports the claim."""
        # Most sentences that are not supported end here.
        if claim.missing(Said(f"{passage.context}\n{passage.text}", self._lexicon)):
            return Dropped.WORDS
        found = []
        for window in _windows(passage.text):
            lacking = self._lacking_in(window, claim, passage.context)
            if lacking is None:
                if self._nearness(text, window) >= _MIN_SIMILARITY:
                    return None
                lacking = Dropped.MEANING
            found.append(lacking)
        return max(found, key=_LOOKED_AT.index, default=Dropped.WORDS)

    def _lacking_in(self, window: _Window, claim: Said, context: str) -> Dropped | None:
        said = Said(window.text, self._lexicon)
        named = Said(f"{context}\n{window.whole}", self._lexicon)
        if claim.missing(named):
            return Dropped.WORDS
        if claim.amounts_differ(said) or claim.leaves_amount_out(said):
            return Dropped.NUMBER
        if claim.names_missing(named):
            return Dropped.NAME
        if claim.denials != said.denials or not claim.measures <= named.words:
            return Dropped.CLAIM
        # A condition holds for all clauses of a sentence, and for what goes on about it.
        around = Said(f"{window.before} {window.sentence}", self._lexicon)
        if not around.reservations <= claim.words or window.sentence.rstrip(_CLOSING).endswith("?"):
            return Dropped.CLAIM
        return None if claim.is_in_order(Said(window.whole, self._lexicon)) else Dropped.CLAIM

    def _nearness(self, text: str, window: _Window) -> float:
        """The cosine of their vectors, such that it is about 0 for unrelated texts of the index."""
        own, *others = (
            found.vector for found in self._encoder.encode_passages([text, window.whole, window.text])
        )
        cosine = max(float(own @ other) for other in others)
        return (cosine - self._baseline) / (1 - self._baseline)


def baseline_of(vectors: Vectors) -> float:
    """The mean cosine of two of these unit vectors, of shape (n, dimension); 0 for fewer than two."""
    count = len(vectors)
    if count < 2:
        return 0.0
    total = vectors.sum(axis=0, dtype=np.float64)
    return float((total @ total - count) / (count * (count - 1)))


def _windows(text: str) -> Iterator[_Window]:
    """Each sentence, the clauses that it joins, and what goes on about what the sentence before named also
    together with that."""
    before = ""
    for start, end in sentences(text):
        sentence = text[start:end]
        yield _Window(text=sentence, sentence=sentence)
        clauses = _JOINED.split(sentence)
        yield from (_Window(text=clause, sentence=sentence) for clause in clauses if len(clauses) > 1)
        first = next((word for word, _, _ in tokens(sentence)), "")
        if before and first in _ANAPHORS:
            yield _Window(text=sentence, sentence=sentence, before=before)
        before = sentence

"""Which documents the live index holds as a build would make them now, so that they are only copied.

A document comes of its file, its sidecars, the program and its settings, and of nothing else: not of other
documents. What does (meetings, themes, near-identical passages, the rarity of words) is found anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic_core import to_jsonable_python

import kb
from kb.documents import Gap, Metadata, Source
from kb.embedding import Encoder
from kb.index import DocumentRecord
from kb.index.copying import KeptDocument, Prepared
from kb.index.embedded import EmbeddedIndex
from kb.privacy import PrivacyList
from kb.readings import PASSING, Readings
from kb.settings import Settings

# Code of others that decides what is made of a file that was read; that of the readers is in the readings.
_LIBRARIES = ("numpy", "py3langid", "pydantic", "tokenizers")
# Gaps that may not be there the next time: what went wrong may have been the machine.
_PASSING = {PASSING, "labels"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A document of the live index, which is in row `row` there, and what is known of it besides."""

    row: int
    record: DocumentRecord
    prepared: Prepared


class Reuse:
    """The documents of the live index that may be copied."""

    def __init__(self, live: EmbeddedIndex | None, conditions: str) -> None:
        """`conditions` is the hash of all that documents are made with now. Without `live` there are none."""
        self._live = live
        self._conditions = conditions
        self._rows: Mapping[str, int] = live.works() if live else {}

    def of(self, source: Source) -> Unchanged | None:
        """What the live index holds of a source, where it would become the same again."""
        row = self._rows.get(self._work(source))
        if row is None or self._live is None:
            return None
        record, prepared = self._live.prepared(row)
        return Unchanged(row=row, record=record, prepared=prepared)

    def kept(self, unchanged: Unchanged) -> KeptDocument:
        """Its rows. Only for what `of` gave."""
        if self._live is None:
            raise LookupError("there is no live index")
        return self._live.kept(unchanged.row)

    def prepared(self, source: Source, metadata: Metadata, gaps: tuple[Gap, ...]) -> Prepared | None:
        """What a later build will know a new document by; None for one that it must make anew."""
        if any(gap.code in _PASSING for gap in gaps):
            return None
        return Prepared(work=self._work(source), metadata=metadata, gaps=gaps)

    def _work(self, source: Source) -> str:
        told = [self._conditions, to_jsonable_python(source)]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def conditions(
    settings: Settings, encoder: Encoder, readings: Readings, privacy: PrivacyList, *, has_sentences: bool
) -> str:
    """A hash of all that decides what a build makes of a source, the source aside."""
    told = [
        program_digest(),
        [importlib.metadata.version(name) for name in _LIBRARIES],
        readings.made_with,
        privacy.digest,
        [to_jsonable_python(encoder.identity), encoder.window, has_sentences],
        [settings.passage_words, settings.overlap_words],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@cache
def program_digest() -> str:
    """A hash of this program: its code and the lists that come with it.

    Any change of it makes every document anew, once; a version number for each of the rules would have to be
    remembered.
    """
    root = Path(kb.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            data = file.read_bytes()
            digest.update(f"{file.relative_to(root).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()

"""Whether the index is sound, and what became of the sources that it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.corpus import scan
from kb.documents import Passage
from kb.embedding import Encoder
from kb.errors import CorpusError, CorruptIndex, IncompatibleIndex, IndexUnavailable
from kb.generations import Generations
from kb.index.doubles import near_identical_documents
from kb.index.embedded import EmbeddedIndex
from kb.index.inspecting import inspect
from kb.index.manifests import faults, read_manifest
from kb.index.opening import UNREADABLE
from kb.index.stored import embedded_text, sentence_texts
from kb.index.vector_lists import quantise
from kb.privacy import PrivacyList
from kb.privacy.live import LivePrivacy
from kb.privacy.reports import is_withheld, told_message
from kb.settings import Settings

# Passages that are encoded again.
_SAMPLE = 32
# float32 and bfloat16 of one text agree at cosine 0.9999 and batches of other sizes differ in the last digit;
# another text, prompt or model stays far below this.
_AGREEMENT = 0.99

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Soundness:
    """What is wrong with one generation, one sentence each; `other_format` when it cannot be judged."""

    generation: str
    faults: tuple[str, ...] = ()
    other_format: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check found. `sampled` passages were encoded again; None when that was not asked or possible.

    `gone`, `changed` and `added` are paths of sources, beside those that the live generation was made of.
    """

    live: Soundness
    older: tuple[Soundness, ...] = ()
    documents: int = 0
    passages: int = 0
    sampled: int | None = None
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    near_duplicates: tuple[tuple[str, str], ...] = ()
    undated: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """True when no generation that was looked at has a fault."""
        return not any(found.faults for found in (self.live, *self.older))

    @property
    def is_stale(self) -> bool:
        """True when sources are gone or were changed since the build."""
        return bool(self.gone or self.changed)


def check(
    settings: Settings,
    load_encoder: Callable[[], Encoder] | None,
    *,
    every: bool = False,
    tell: Tell = lambda _: None,
) -> Check:
    """Check the live generation, and with `every` all others too.

    Without `load_encoder` no passage is encoded again. `tell` gets a line for each step, in Dutch. Raises
    `NoIndex`, `EncoderUnavailable` or `InvalidPrivacyList`.
    """
    privacy = LivePrivacy(settings, remembers=False).get()
    found = _check(settings, load_encoder, every=every, tell=tell)
    return _told(found, privacy)


def _told(check: Check, privacy: PrivacyList) -> Check:
    """What was found, without documents and names that must not be told of."""

    def paths(some: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(privacy.names.masked(path) for path in some if not is_withheld(path, privacy))

    def soundness(one: Soundness) -> Soundness:
        return replace(one, faults=tuple(told_message(fault, privacy) for fault in one.faults))

    pairs = [pair for pair in check.near_duplicates if not any(is_withheld(path, privacy) for path in pair)]
    return replace(
        check,
        live=soundness(check.live),
        older=tuple(map(soundness, check.older)),
        gone=paths(check.gone),
        changed=paths(check.changed),
        added=paths(check.added),
        near_duplicates=tuple((paths((one,))[0], paths((other,))[0]) for one, other in pairs),
        undated=paths(check.undated),
    )


def _check(
    settings: Settings, load_encoder: Callable[[], Encoder] | None, *, every: bool, tell: Tell
) -> Check:
    generations = Generations(settings.indexes)
    name = generations.current().name
    names = [other for other in reversed(generations.names()) if other != name] if every else []
    older = tuple(_soundness(generations.folder / other, tell) for other in names)
    tell(f"Controle van {name}: bestanden")
    try:
        index = generations.open_live()
    except IndexUnavailable:
        found = _soundness(generations.folder / name, tell)
        if not found.faults and not found.other_format:
            found = Soundness(generation=name, faults=("it cannot be opened",))
        return Check(live=found, older=older)
    try:
        return _check_live(index, settings, load_encoder, older, tell)
    finally:
        index.close()


def _check_live(
    index: EmbeddedIndex,
    settings: Settings,
    load_encoder: Callable[[], Encoder] | None,
    older: tuple[Soundness, ...],
    tell: Tell,
) -> Check:
    name = index.manifest.generation
    # It may have been opened on hashes of a while ago; here all is read.
    wrong = [*faults(index.folder, index.manifest), *_inspected(index, tell)]
    sampled = None
    if load_encoder:
        tell("Steekproef van passages opnieuw inbedden")
        encoder = load_encoder()
        # An index of another model cannot be judged by this one; a search says so.
        if encoder.identity.holds(index.manifest.encoder):
            sampled, differing = _sample(index, encoder)
            wrong += differing
    tell("Bronbestanden vergelijken")
    gone, changed, added = _sources(index, settings)
    tell("Vrijwel gelijke documenten zoeken")
    return Check(
        live=Soundness(generation=name, faults=tuple(wrong)),
        older=older,
        documents=index.manifest.documents,
        passages=index.manifest.passages,
        sampled=sampled,
        gone=gone,
        changed=changed,
        added=added,
        near_duplicates=tuple(near_identical_documents(index)),
        undated=tuple(record.source for record in index.documents() if record.date is None),
    )


def _soundness(folder: Path, tell: Tell) -> Soundness:
    """A generation's files, and then whether they agree with each other."""
    tell(f"Controle van {folder.name}: bestanden")
    try:
        manifest = read_manifest(folder)
        if wrong := tuple(faults(folder, manifest)):
            return Soundness(generation=folder.name, faults=wrong)
        index = EmbeddedIndex.open(folder)
    except IncompatibleIndex:
        return Soundness(generation=folder.name, other_format=True)
    except CorruptIndex as error:
        return Soundness(generation=folder.name, faults=(str(error),))
    try:
        return Soundness(generation=folder.name, faults=tuple(_inspected(index, tell)))
    finally:
        index.close()


def _inspected(index: EmbeddedIndex, tell: Tell) -> Iterator[str]:
    tell(f"Controle van {index.manifest.generation}: passages, vectoren en woorden")
    try:
        yield from inspect(index)
    except UNREADABLE as error:
        yield f"its parts cannot be compared ({type(error).__name__}: {error})"


def _sample(index: EmbeddedIndex, encoder: Encoder) -> tuple[int, list[str]]:
    """How many passages, spread evenly, were encoded again, and which differ from what is stored."""
    count = min(_SAMPLE, index.manifest.passages)
    rows = [int(row) for row in np.linspace(0, index.manifest.passages - 1, count)]
    found = [record.passage for record in index.passages(rows)]
    encoded = encoder.encode_passages([embedded_text(passage) for passage in found])
    wrong = []
    for row, passage, again in zip(rows, found, encoded, strict=True):
        agreement = float(index.vector(row) @ again.vector)
        if not agreement >= _AGREEMENT:
            wrong.append(
                f"passage {passage.id} encoded again differs: cosine {agreement:.3f} with its vector"
            )
        if index.manifest.encoder.token_dimension and not _are_same(
            index.codes(row).astype(np.float32), quantise(again.tokens).astype(np.float32)
        ):
            wrong.append(f"passage {passage.id} encoded again differs from its token vectors")
    return len(found), wrong + list(_differing_sentences(index, encoder, found, rows))


def _differing_sentences(
    index: EmbeddedIndex, encoder: Encoder, passages: Sequence[Passage], rows: Sequence[int]
) -> Iterator[str]:
    """Which of these passages have vectors of other sentences than theirs."""
    if not index.manifest.has_sentences:
        return
    for row, passage in zip(rows, passages, strict=True):
        again = [one.vector for one in encoder.encode_passages(sentence_texts(passage))]
        stored = index.sentence_codes(row).astype(np.float32)
        if not _are_same(stored, quantise(np.stack(again)).astype(np.float32) if again else stored[:0]):
            yield f"passage {passage.id} encoded again differs from the vectors of its sentences"


def _are_same(stored: npt.NDArray[np.float32], again: npt.NDArray[np.float32]) -> bool:
    if stored.shape != again.shape:
        return False
    lengths = np.linalg.norm(stored) * np.linalg.norm(again)
    return not stored.size or bool((stored * again).sum() >= _AGREEMENT * lengths)


def _sources(
    index: EmbeddedIndex, settings: Settings
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The paths of sources that are gone, changed and added since the build."""
    built = index.manifest.sources
    try:
        corpus = scan(Path(index.manifest.corpus), max_bytes=settings.file_megabytes * 1_000_000)
    except CorpusError:
        return tuple(built), (), ()
    now = corpus.hashes
    gone = tuple(path for path in built if path not in now)
    changed = tuple(path for path, hashes in built.items() if path in now and now[path] != hashes)
    return gone, changed, tuple(path for path in now if path not in built)

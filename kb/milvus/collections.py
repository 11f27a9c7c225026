"""The collections of one folder's generations: their names, their fields, filling them and reading back."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.changes import Hashes
from kb.errors import EngineUnavailable, IncompatibleIndex
from kb.files import sha256_of
from kb.index import Manifest
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import MANIFEST
from kb.index.opening import open_postings
from kb.index.postings import Postings
from kb.milvus.connection import BUILD_SECONDS, SEARCH_SECONDS, Connection, is_refused
from kb.milvus.filters import numbers_of

DENSE = "dense"
SPARSE = "sparse"
NUMBERS = ("document", "kind", "language", "year", "day", "is_open")

# Below the 64 MB of one insert, whatever the vectors are.
_ROWS = 500
# HNSW as FAISS is measured with: recall .99 and more on vectors of sentences (BENCHMARKS.md).
_HNSW = {"M": 32, "efConstruction": 200}
# Postings that are put in the order of passages together: some 200 MB.
_POSTINGS = 4_000_000
# The graph of a million passages takes minutes. A whole number: pymilvus waits for ever by another.
_INDEX_SECONDS = 6 * 3600
# No passage's sparse vector is empty: some servers refuse one. No term has this number.
_NO_TERM = 0

_Terms = npt.NDArray[np.int64]
_Scores = npt.NDArray[np.float32]


def name_of(folder: Path, manifest: Manifest, *, alias: str, owner: str) -> str:
    """The name of a generation's collection: it tells whose it is and which manifest it was filled by.

    In the name, for it is the one thing that every server keeps: milvus-lite drops descriptions. Where those
    are kept, they tell it in full.
    """
    return f"{alias}_{manifest.generation}_{owner}_{sha256_of(folder / MANIFEST)[:16]}"


def term_number(at: int) -> int:
    """The dimension of a sparse vector that is a term's, by its place in the vocabulary."""
    return at + 1


def fill(connection: Connection, name: str, index: EmbeddedIndex) -> None:
    """Make the collection `name` of what `index` holds: filled, written, loaded and counted.

    Raises `EngineUnavailable`, or `IncompatibleIndex` when the server does not keep what it was given.
    """
    has_sparse = connection.has_sparse
    if name in connection.collections():
        connection.call("drop_collection", name)
    _create(connection, name, index, has_sparse=has_sparse)
    batch: list[dict[str, Any]] = []
    for row in _rows(index, has_sparse=has_sparse):
        batch.append(row)
        if len(batch) == _ROWS:
            connection.call("upsert", name, batch)
            batch = []
    if batch:
        connection.call("upsert", name, batch)
    connection.call("flush", name)
    # Before it is loaded: what is loaded without its graph is searched by a coarse index of the server's own.
    _add_index(connection, name, DENSE, index_type="HNSW", params=_HNSW)
    connection.call("load_collection", name)
    found = count(connection, name, consistency="Strong")
    if found != index.manifest.passages:
        raise EngineUnavailable(
            f"Milvus at {connection.address} holds {found} of {index.manifest.passages} passages in {name}. "
            "Build again: kb build"
        )


def count(connection: Connection, name: str, *, consistency: str = "Bounded") -> int:
    """How many passages a collection holds. Raises `EngineUnavailable`."""
    found = connection.call(
        "query",
        name,
        filter="",
        output_fields=["count(*)"],
        consistency_level=consistency,
        seconds=BUILD_SECONDS if consistency == "Strong" else SEARCH_SECONDS,
    )
    return int(found[0]["count(*)"])


def check(
    connection: Connection, name: str, index: EmbeddedIndex, *, seconds: float = SEARCH_SECONDS
) -> bool:
    """Whether the collection has a sparse field, once it is seen to be that of `index`, and loaded, which may
    take so many `seconds`.

    Raises `IncompatibleIndex` when it is another's, or not there, and `EngineUnavailable`.
    """
    manifest = index.manifest
    if name not in connection.collections():
        raise IncompatibleIndex(
            f"Milvus at {connection.address} has no collection {name}: generation {manifest.generation} was "
            "built for another KB_INDEX, or with another manifest. Build the index again: kb build"
        )
    has_sparse = _read_back(connection, name, index)
    connection.call("load_collection", name, seconds=seconds)
    found = count(connection, name)
    if found != manifest.passages:
        raise IncompatibleIndex(
            f"Collection {name} of Milvus at {connection.address} holds {found} passages where the manifest "
            f"says {manifest.passages}. Build the index again: kb build"
        )
    return has_sparse


def _description(index: EmbeddedIndex) -> str:
    """What a collection says of the generation that it was filled by, as JSON.

    `fingerprint` stands for sources, settings and versions, that of the analysis among them; `manifest`, the
    SHA-256 of manifest.json, for the checksums of all files too.
    """
    manifest = index.manifest
    told = {
        "generation": manifest.generation,
        "encoder": dataclasses.asdict(manifest.encoder),
        "format": manifest.format_version,
        "fingerprint": manifest.fingerprint,
        "sources": _digest(manifest.sources),
        "documents": manifest.documents,
        "passages": manifest.passages,
        "manifest": sha256_of(index.folder / MANIFEST),
    }
    return json.dumps(told, sort_keys=True)


def _digest(sources: Hashes) -> str:
    """A SHA-256 of all paths with the checksums of their files and sidecars."""
    return hashlib.sha256(json.dumps(sorted(sources.items())).encode()).hexdigest()


def _create(connection: Connection, name: str, index: EmbeddedIndex, *, has_sparse: bool) -> None:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(
        auto_id=False, enable_dynamic_field=False, description=_description(index)
    )
    schema.add_field("row", DataType.INT64, is_primary=True)
    for field in NUMBERS:
        schema.add_field(field, DataType.INT64)
    schema.add_field(DENSE, DataType.FLOAT_VECTOR, dim=index.manifest.encoder.dimension)
    if has_sparse:
        schema.add_field(SPARSE, DataType.SPARSE_FLOAT_VECTOR)
    connection.call("create_collection", name, schema=schema, consistency_level="Bounded")
    if _read_back(connection, name, index) != has_sparse:
        raise _keeps_no_sparse(connection)
    if not has_sparse:
        return
    try:
        _add_index(connection, name, SPARSE, index_type="SPARSE_INVERTED_INDEX", params={})
    except EngineUnavailable as error:
        # As 2.3.5 does: it takes such a field, and then no index on it.
        if is_refused(error):
            raise _keeps_no_sparse(connection) from error
        raise


def _add_index(
    connection: Connection, name: str, field: str, *, index_type: str, params: Mapping[str, int]
) -> None:
    """Have an index made of a field, and wait until it covers what was flushed."""
    from pymilvus import MilvusClient

    indexes = MilvusClient.prepare_index_params()
    indexes.add_index(field, index_type=index_type, metric_type="IP", params=dict(params))
    connection.call("create_index", name, indexes, seconds=_INDEX_SECONDS)


def _keeps_no_sparse(connection: Connection) -> IncompatibleIndex:
    return IncompatibleIndex(
        f"Milvus {connection.version} at {connection.address} keeps no sparse vectors, whatever its version "
        "says. Use another one, from 2.4 on"
    )


def _read_back(connection: Connection, name: str, index: EmbeddedIndex) -> bool:
    """Whether the collection has a sparse field.

    Raises `IncompatibleIndex` when its other fields are not ours, or it says another manifest of itself.
    """
    told = connection.call("describe_collection", name, seconds=SEARCH_SECONDS)
    fields = {field["name"]: field for field in told["fields"]}
    wanted = {"row", DENSE, *NUMBERS}
    dimension = int(fields.get(DENSE, {}).get("params", {}).get("dim", 0))
    if fields.keys() - {SPARSE} != wanted or dimension != index.manifest.encoder.dimension:
        raise IncompatibleIndex(
            f"Collection {name} of Milvus at {connection.address} has other fields than this program gives: "
            f"{', '.join(sorted(fields))}, vectors of {dimension}. Build the index again: kb build"
        )
    # Where it is empty the server kept none, and the name is what tells.
    if told.get("description") not in ("", None, _description(index)):
        raise IncompatibleIndex(
            f"Collection {name} of Milvus at {connection.address} says that it was filled by another "
            "manifest. Build the index again: kb build"
        )
    return SPARSE in fields


def _rows(index: EmbeddedIndex, *, has_sparse: bool) -> Iterator[dict[str, Any]]:
    """Every passage as a row of the collection, in order."""
    weights = term_weights(index.folder, index.manifest.passages)
    for number, record in enumerate(index.documents()):
        numbers = {"document": number, **numbers_of(record)}
        for row in index.document_rows(record.id):
            values = {"row": row, **numbers, DENSE: index.vector(row).tolist()}
            if has_sparse:
                values[SPARSE] = _sparse(*next(weights))
            yield values


def _sparse(terms: _Terms, scores: _Scores) -> Mapping[int, float]:
    found = {term_number(int(at)): float(score) for at, score in zip(terms, scores, strict=True) if score > 0}
    return found or {_NO_TERM: 1.0}


def term_weights(folder: Path, passages: int) -> Iterator[tuple[_Terms, _Scores]]:
    """The terms of each passage in turn, by their place in the vocabulary, and what each scores in it; both
    of shape (terms,).

    The postings by passage instead of by term (a transposed sparse matrix), some passages at a time: memory
    does not grow with them.
    """
    postings = open_postings(folder, passages=passages)
    ends = np.zeros(passages + 1, np.int64)
    for start in range(0, len(postings), _POSTINGS):
        ends[1:] += np.bincount(postings.rows[start : start + _POSTINGS], minlength=passages)
    np.cumsum(ends, out=ends)
    first = 0
    while first < passages:
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _POSTINGS, side="right")) - 1)
        terms, scores = _transposed(postings, first, last)
        within = (ends[first + 1 : last] - ends[first]).tolist()
        yield from zip(np.split(terms, within), np.split(scores, within), strict=True)
        first = last


def _transposed(postings: Postings, first: int, last: int) -> tuple[_Terms, _Scores]:
    """The terms of the passages from `first` to `last`, one passage after another, and their scores."""
    found = []
    for start in range(0, len(postings), _POSTINGS):
        some = postings.rows[start : start + _POSTINGS]
        found.append(np.flatnonzero((some >= first) & (some < last)) + start)
    at = np.concatenate(found) if found else np.empty(0, np.int64)
    at = at[np.argsort(postings.rows[at], kind="stable")]
    terms = np.searchsorted(postings.starts, at, side="right") - 1
    return terms, postings.weights[at]

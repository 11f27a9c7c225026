"""Peers on the passages of a large index, with the vectors that it has: only questions are encoded.

They run in the environment of peers.py, as it sets them up: in their own process, without HTTP between.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from peers import QUESTIONS, RUNNER, make_environment, peer_environ

from kb.embedding.unpacking import default_model_folder
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.index.stored import embedded_text

GROWTH_PEERS = {"txtai": "txtai, in process", "haystack": "Haystack, in process"}
_AT_ONCE = 5_000


def measure_peer(peer: str, place: Path, work: Path) -> dict[str, Any]:
    """What a peer takes of time to index and search the passages of the index in `place`, and of memory."""
    python = make_environment()
    work.mkdir(parents=True, exist_ok=True)
    index = Generations(place).open_live()
    given = export(index, work)
    output = work / f"{peer}.json"
    command = [
        python, RUNNER, peer, "--passages", given, "--questions", work / "questions.jsonl",
        "--model", default_model_folder(), "--vectors", work / "vectors.sqlite", "--output", output,
    ]  # fmt: skip
    subprocess.run(list(map(str, command)), env=peer_environ(), check=True, timeout=3_600)
    told = json.loads(output.read_text(encoding="utf-8"))
    p50, p95, p99 = np.percentile(list(told["milliseconds"].values()), [50, 95, 99])
    passages = index.manifest.passages
    index.close()
    return {
        "passages": passages,
        "seconds": told["buildSeconds"],
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "megabytes": told["megabytes"],
    }


def export(index: EmbeddedIndex, work: Path) -> Path:
    """Write the passages, the questions and the vectors as the peers read them."""
    file = work / "passages.jsonl"
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    (work / "questions.jsonl").write_text(
        "".join(json.dumps({"id": one["id"], "question": one["question"]}) + "\n" for one in asked),
        encoding="utf-8",
    )
    database = sqlite3.connect(work / "vectors.sqlite", isolation_level=None)
    database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB, seconds REAL)")
    prompt = index.manifest.encoder.passage_prompt
    with file.open("w", encoding="utf-8") as stream:
        for start in range(0, index.manifest.passages, _AT_ONCE):
            rows = range(start, min(start + _AT_ONCE, index.manifest.passages))
            database.execute("BEGIN")
            for record in index.passages(rows):
                passage = record.passage
                told = {"id": passage.id, "source": "", "context": passage.context, "text": passage.text}
                stream.write(json.dumps(told, ensure_ascii=False) + "\n")
                key = hashlib.sha256(f"{prompt}{embedded_text(passage)}".encode()).digest()
                vector = index.vector(record.row).astype(np.float32).tobytes()
                database.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, 0.0)", (key, vector))
            database.execute("COMMIT")
    database.close()
    return file

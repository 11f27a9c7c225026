"""The real files that fuzzing damages: ours, and small ones beside the repository where they are."""

from __future__ import annotations

import io
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from kb.parsing import FORMATS, ReadOptions
from tests.torture.mutated_readings import format_name, words
from tests.torture.mutations import Seed, unpacked_pdf

_MAX_BYTES = 150_000
_MAX_TEXT = 30_000
_PAGES = 3
_PER_FORMAT = 30
_WORDS = 12
_SECONDS = 0.5


def gather(root: Path, *, ours_alone: bool = False) -> list[Seed]:
    """At most thirty seeds of each format, ours first. A PDF is there as it is, plain, and packed anew."""
    found: dict[str, list[Seed]] = {}
    for seed in _files(root, ours_alone=ours_alone):
        kept = found.setdefault(seed.format, [])
        if len(kept) < _PER_FORMAT:
            kept.append(seed)
    found["pdf"] = [form for seed in found.get("pdf", []) for form in _forms(seed)]
    return [seed for name in sorted(found) for seed in found[name]]


def _files(root: Path, *, ours_alone: bool) -> Iterator[Seed]:
    ours = [*(root / "corpus").rglob("*"), *(root / "tests" / "files").rglob("*")]
    shared = root.parent / "shared"
    theirs = sorted([*(shared / "corpus").rglob("*"), *(shared / "awkward").rglob("*")])
    # The same sample each time, of all their folders.
    random.Random(4).shuffle(theirs)  # noqa: S311 - repeatable, not secret
    for path in [*sorted(ours), *(() if ours_alone else theirs)]:
        name = format_name(path)
        if name is None or not path.is_file() or "hostile" in path.parts:
            continue
        data = path.read_bytes()
        if name == "pdf":
            data = _first_pages(data)
        limit = _MAX_TEXT if name in ("text", "markdown", "html", "mail") else _MAX_BYTES
        if 0 < len(data) <= limit and (path in ours or _says_something(name, path.name, data)):
            yield Seed(name, path.name, data)


def _says_something(name: str, file: str, data: bytes) -> bool:
    """Whether there is text to lose, and reading it takes no longer than a moment."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / file).write_bytes(data)
        started = time.perf_counter()
        try:
            text = " ".join(
                block.text for block in FORMATS[name].load()(Path(folder) / file, ReadOptions()).blocks
            )
        except Exception:  # many of these files are broken on purpose
            return False
        return len(words(text)) >= _WORDS and time.perf_counter() - started < _SECONDS


def _first_pages(data: bytes) -> bytes:
    """A long PDF as its first pages: thousands of inputs have to be read in minutes."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted or len(reader.pages) <= _PAGES:
            return data
        writer = PdfWriter()
        for page in reader.pages[:_PAGES]:
            writer.add_page(page)
        written = io.BytesIO()
        writer.write(written)
    except Exception:  # what is broken already is a seed as it is
        return data
    return written.getvalue()


def _forms(seed: Seed) -> Iterator[Seed]:
    yield seed
    for packed in (False, True):
        form = unpacked_pdf(seed.data, packed=packed)
        if form is not None and len(form) <= _MAX_BYTES * 2:
            yield Seed(seed.format, f"{Path(seed.name).stem}-{'packed' if packed else 'plain'}.pdf", form)

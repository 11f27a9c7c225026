"""Sources to described documents, in processes of their own, each under a limit of time and memory.

A file that hangs, crashes its reader or eats memory costs that file and nothing else. What was read before
is taken from the readings, and no process is started for it.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from concurrent.futures import TimeoutError as OutOfTime
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from kb.corpus import Corpus, source_file
from kb.describing import describe, get_ready
from kb.documents import Document, Source
from kb.errors import (
    DamagedFile,
    FileChanged,
    IndexNotWritten,
    ParseError,
    ReadersUnavailable,
    TooLarge,
)
from kb.files import sha256_of
from kb.parsing import Limits, Ocr, ReadOptions, parse
from kb.process_limits import limit_process, send_when_parent_ends
from kb.readings import Readings
from kb.settings import Settings

# Read ahead of the encoder: enough that it never waits, few enough that memory stays bounded.
_AHEAD = 64
# How long a process may take to start on a busy machine, and how often it is looked whether the pool lives.
_START_SECONDS, _LOOK_SECONDS = 120.0, 1.0
# What a reader may write of one file: OCR puts the picture of a page on disk.
_WRITTEN_BYTES = 1_000_000_000


Outcomes = Iterator[tuple[Source, Document | ParseError]]


class ReaderProcesses:
    """The processes that read. They start with the first file that is read, or with `start`."""

    def __init__(self, settings: Settings, number: int | None = None) -> None:
        """Without a `number` there is one for half of the processors: the encoder works at the same time."""
        self._settings = settings
        self._number = number or max(1, (os.cpu_count() or 2) // 2)
        self._pool: ProcessPool | None = None
        self._is_closed = False

    @property
    def are_alive(self) -> bool:
        """Whether there are any, and what was scheduled will be done."""
        return self._pool is not None and bool(self._pool.active)

    def start(self) -> None:
        """Have them start, and one load what takes time, before there is anything to read."""
        # What is wrong shows again when something is read.
        with contextlib.suppress(ReadersUnavailable):
            self.schedule(get_ready)

    def schedule(self, work: Callable[..., Any], *args: object) -> ProcessFuture[Any]:
        """Have one of them do something. Raises `ReadersUnavailable`."""
        if self._is_closed:
            raise _unavailable(RuntimeError("they were ended"))
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._number,
                initializer=_confine,
                initargs=(self._settings.reader_megabytes, os.getpid()),
                context=multiprocessing.get_context("spawn"),
            )
        try:
            return self._pool.schedule(work, args=args, timeout=self._settings.file_seconds)
        except (RuntimeError, OSError) as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """End them, whatever they are doing; none starts after it."""
        self._is_closed = True
        if self._pool:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()


@contextlib.contextmanager
def read_all(
    corpus: Corpus,
    settings: Settings,
    *,
    readings: Readings,
    working: Path,
    processes: ReaderProcesses | None = None,
) -> Iterator[Outcomes]:
    """Each source of the corpus, in order, with its document or with why there is none.

    The first are being read when the block begins, whenever they are asked for, and no more is read after it:
    the `processes` that read, where they are given, are ended too. What is new is read with the options of
    `readings` and kept there. `working` is a folder for the readers' temporary files, which exists and is the
    caller's to remove. Raises `ReadersUnavailable`, or `IndexNotWritten` when a disk is full.
    """
    with contextlib.closing(processes or ReaderProcesses(settings)) as given:
        readers = _Readers(corpus.root, settings, readings, working, given)
        sources = iter(corpus.sources)
        waiting = deque(readers.begun(source) for source in islice(sources, _AHEAD))

        def outcomes() -> Outcomes:
            while waiting:
                source, future = waiting.popleft()
                found = None if future else readings.get(source)
                if isinstance(found, Document):
                    found = describe(found)
                yield source, found or readers.outcome(future or readers.start(source))
                waiting.extend(readers.begun(source) for source in islice(sources, 1))

        yield outcomes()


def read_options(settings: Settings) -> ReadOptions:
    """What the settings and the machine make of reading."""
    from kb.parsing.ocr import ocr_available

    wanted = settings.ocr == "auto" and ocr_available()
    return ReadOptions(
        limits=Limits(pages=settings.file_pages),
        ocr=Ocr(languages=settings.ocr_languages) if wanted else None,
    )


def outcome(future: ProcessFuture[Document], settings: Settings) -> Document | ParseError:
    """What a reader made of its source, or why it made nothing of it, whatever became of its process.

    Raises `ReadersUnavailable` or `IndexNotWritten` where that is no fault of the source.
    """
    try:
        result: Document = future.result()
    except ParseError as error:
        return error
    except OutOfTime:
        return TooLarge(f"Reading it took more than {settings.file_seconds} s; see KB_FILE_SECONDS")
    except (MemoryError, ProcessExpired):
        # C code ends its process when it is refused memory, as the kernel does when there is none left.
        return TooLarge("Its reader was out of memory or crashed; see KB_READER_MEGABYTES")
    except (BrokenProcessPool, CancelledError) as error:
        raise _unavailable(error) from error
    except OSError as error:
        # What is wrong with the file itself, its reader has told.
        raise IndexNotWritten(
            f"Files cannot be read for want of room ({error}). Reading them takes space in "
            f"{settings.indexes.absolute()} and in {tempfile.gettempdir()}: free some, then build again"
        ) from error
    except Exception as error:
        return DamagedFile(f"It cannot be read ({type(error).__name__}: {error})")
    return result


def _unavailable(error: Exception) -> ReadersUnavailable:
    return ReadersUnavailable(
        f"No process can be started to read the files ({type(error).__name__}: {error}). See that the "
        "machine has memory and processes left for this user; then build again"
    )


class _Readers:
    """Has sources read that are new."""

    def __init__(
        self, root: Path, settings: Settings, readings: Readings, working: Path, processes: ReaderProcesses
    ) -> None:
        self._root = root
        self._settings = settings
        self._readings = readings
        self._working = working
        self._processes = processes

    def begun(self, source: Source) -> tuple[Source, ProcessFuture[Document] | None]:
        """A source that is being read, or that was read before."""
        return source, None if self._readings.holds(source) else self.start(source)

    def start(self, source: Source) -> ProcessFuture[Document]:
        """Have a source read."""
        return self._processes.schedule(_read, self._root, source, self._readings, self._working)

    def outcome(self, future: ProcessFuture[Document]) -> Document | ParseError:
        """What became of a source; waited for no longer than its reader may take and its process to start.

        A pool that broke leaves tasks behind that nobody will end.
        """
        end = time.monotonic() + self._settings.file_seconds + _START_SECONDS
        while not wait([future], timeout=_LOOK_SECONDS).done:
            is_lost = not self._processes.are_alive or time.monotonic() > end
            if is_lost and not future.done():
                raise _unavailable(RuntimeError("they do not answer"))
        return outcome(future, self._settings)


def _read(root: Path, source: Source, readings: Readings, working: Path) -> Document:
    # What a reader leaves there is removed with the folder, however its process ends.
    tempfile.tempdir = str(working)
    try:
        parsed = parse(root, source, readings.options)
    except ParseError as error:
        _refuse_changed(root, source)
        readings.keep_refusal(source, error)
        raise
    finally:
        tempfile.tempdir = _system_temporary()
    _refuse_changed(root, source)
    described = describe(parsed)
    # Not before it is described: who finds a reading describes it again, without this process's limits.
    readings.keep(parsed)
    return described


def _system_temporary() -> str | None:
    """The system's folder for temporary files; None where Python has to look for one.

    Python finds it by writing a file there, which stays when the process is killed at that moment.
    """
    wanted = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return next((found for found in (*wanted, "/tmp") if found and os.access(found, os.W_OK | os.X_OK)), None)  # noqa: S108


def _refuse_changed(root: Path, source: Source) -> None:
    """Raise `FileChanged` unless what was read is what the scan saw."""
    with contextlib.suppress(OSError):
        if sha256_of(source_file(root, source.path)) == source.sha256:
            return
    raise FileChanged("It was changed or removed while it was read. Build again")


def _confine(megabytes: int, parent: int) -> None:
    """Bound this process's memory and files, let it end with its parent, and let searches and the encoder
    go first."""
    if sys.platform == "linux":
        send_when_parent_ends(signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    limit_process(megabytes=megabytes, written_bytes=_WRITTEN_BYTES)
    os.nice(5)
    # Tesseract's threads would take the processors that the encoder works on.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    # Readers' libraries complain of files in their logs; what matters of it is in the report.
    logging.disable(logging.CRITICAL)

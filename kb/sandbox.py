"""Sources to described documents, in a process of their own, each under a limit of time and memory.

A file that hangs, crashes its reader or eats memory costs that file and nothing else.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
from collections import deque
from collections.abc import Iterator
from concurrent.futures import TimeoutError as OutOfTime
from pathlib import Path

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from kb.corpus import Corpus
from kb.describing import describe
from kb.documents import Document, Source
from kb.errors import DamagedFile, ParseError, TooLarge
from kb.parsing import Limits, Ocr, ReadOptions, parse
from kb.settings import Settings

# Read ahead of the encoder: enough that it never waits, few enough that memory stays bounded.
_AHEAD = 64


def read_all(corpus: Corpus, settings: Settings) -> Iterator[tuple[Source, Document | ParseError]]:
    """Each source of the corpus, in order, with its document or with why there is none."""
    options = read_options(settings)
    # Half of the processors: the encoder works at the same time.
    workers = max(1, (os.cpu_count() or 2) // 2)
    with ProcessPool(
        max_workers=workers,
        initializer=_confine,
        initargs=(settings.reader_megabytes,),
        context=multiprocessing.get_context("spawn"),
    ) as pool:
        sources = iter(corpus.sources)
        waiting: deque[tuple[Source, ProcessFuture[Document]]] = deque()
        try:
            while True:
                while len(waiting) < _AHEAD and (source := next(sources, None)) is not None:
                    future = pool.schedule(
                        _read, args=(corpus.root, source, options), timeout=settings.file_seconds
                    )
                    waiting.append((source, future))
                if not waiting:
                    return
                source, future = waiting.popleft()
                yield source, outcome(future, settings)
        finally:
            pool.stop()  # type: ignore[no-untyped-call]


def read_options(settings: Settings) -> ReadOptions:
    """What the settings and the machine make of reading."""
    from kb.parsing.ocr import ocr_available

    wanted = settings.ocr == "auto" and ocr_available()
    return ReadOptions(
        limits=Limits(pages=settings.file_pages),
        ocr=Ocr(languages=settings.ocr_languages) if wanted else None,
    )


def outcome(future: ProcessFuture[Document], settings: Settings) -> Document | ParseError:
    """What a reader made of its source, or why it made nothing of it, whatever became of its process."""
    try:
        result: Document = future.result()
    except ParseError as error:
        return error
    except OutOfTime:
        return TooLarge(f"Reading it took more than {settings.file_seconds} s; see KB_FILE_SECONDS")
    except (MemoryError, ProcessExpired):
        # C code ends its process when it is refused memory, as the kernel does when there is none left.
        return TooLarge("Its reader was out of memory or crashed; see KB_READER_MEGABYTES")
    except Exception as error:
        return DamagedFile(f"It cannot be read ({type(error).__name__}: {error})")
    return result


def _read(root: Path, source: Source, options: ReadOptions) -> Document:
    return describe(parse(root, source, options))


def _confine(megabytes: int) -> None:
    """Bound this process's memory, and let searches and the encoder go first."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000, megabytes * 1_000_000))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    # Tesseract's threads would take the processors that the encoder works on.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    # Readers' libraries complain of files in their logs; what matters of it is in the report.
    logging.disable(logging.CRITICAL)

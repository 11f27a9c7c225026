"""A source in, a document out: one reader per format, none of which knows another."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

from kb.corpus import source_file
from kb.documents import Block, Document, Gap, Source
from kb.errors import DamagedFile, NoTextLayer, ParseError, TooLarge
from kb.formats import FORMATS, Format, format_of
from kb.parsing.reading import Limits, Ocr, Reading, ReadOptions

__all__ = ["FORMATS", "Format", "Limits", "Ocr", "ReadOptions", "format_of", "parse"]

# As many as a file has pages, and more.
_MAX_GAPS = 5_000
# What the machine lacks, whatever the file is. Not memory: that a reader may want without end.
_WANTS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE))


def parse(root: Path, source: Source, options: ReadOptions) -> Document:
    """Read a source of the corpus in `root`.

    The document's metadata are what the file says of itself; `kb.describing` completes them. Raises a
    `ParseError` that says why it cannot be read, or `OSError` when the disk is full.
    """
    file = source_file(root, source.path)
    try:
        found = format_of(file)
        reading: Reading = found.load()(file, options)
    except ParseError:
        raise
    except MemoryError:
        raise TooLarge("Reading it takes more memory than is allowed; see KB_READER_MEGABYTES") from None
    except OSError as error:
        if error.errno in _WANTS:
            raise
        raise DamagedFile(f"It cannot be read from disk: {error.strerror or error}") from error
    except RecursionError:
        raise DamagedFile("Its parts are nested too deeply to be read") from None
    except Exception as error:
        # A reader is a library's guest: whatever a library raises on a bad file must cost that file only.
        raise DamagedFile(f"It cannot be read ({type(error).__name__}: {error})") from error
    blocks, cut = _within(reading, options.limits)
    if not blocks:
        raise NoTextLayer("; ".join(["There is no text in it", *(gap.message for gap in reading.gaps[:1])]))
    gaps = _told(reading.gaps) + cut
    suffix = file.suffix.lower()
    if suffix not in found.suffixes:
        gaps += (
            Gap(
                code="misnamed",
                message=f"It is called {suffix} but is {found.name.upper()}, and was read as that",
            ),
        )
    return Document(source=source, metadata=reading.metadata, blocks=blocks, gaps=gaps)


def _within(reading: Reading, limits: Limits) -> tuple[tuple[Block, ...], tuple[Gap, ...]]:
    """The text up to the limit on characters, and a gap when there was more."""
    room = limits.characters
    if len(reading.blocks) > limits.blocks:
        message = f"Only the first {limits.blocks:,} paragraphs were read"
        kept, gaps = _within(replace(reading, blocks=reading.blocks[: limits.blocks]), limits)
        return kept, gaps or (Gap(code="truncated", message=message),)
    for number, block in enumerate(reading.blocks):
        if len(block.text) > room:
            message = f"Only the first {limits.characters:,} characters were read"
            # Also the start of the block: in a file without line ends it is the whole text.
            start = replace(block, text=block.text[:room].rstrip())
            kept = reading.blocks[:number] + ((start,) if start.text else ())
            return kept, (Gap(code="truncated", message=message),)
        room -= len(block.text)
    return reading.blocks, ()


def _told(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """The gaps, up to a number that a report can hold; what more there are is told in one."""
    if len(gaps) <= _MAX_GAPS:
        return gaps
    message = f"{len(gaps) - _MAX_GAPS:,} more things were not read"
    return (*gaps[:_MAX_GAPS], Gap(code="truncated", message=message))

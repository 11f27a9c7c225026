"""What bounds a process that opens files which are not to be trusted, ties it to its parent, and has it give
back memory."""

from __future__ import annotations

import ctypes
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def limit_process(*, megabytes: int, written_bytes: int, seconds: int | None = None) -> None:
    """Bound this process and those that it starts: memory above what it has now, what it writes to a file, no
    core dump, and the processor time in `seconds` where given. A bound can never be raised again."""
    # What is mapped already is the program, not the file.
    _limit(resource.RLIMIT_AS, _mapped_bytes() + megabytes * 1_000_000)
    if seconds is not None:
        _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_FSIZE, written_bytes)
    _limit(resource.RLIMIT_CORE, 0)


def send_when_parent_ends(number: signal.Signals) -> None:
    """Have the system send a signal to this process when its parent ends. Linux alone.

    A parent that has ended before is for the caller to notice.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def give_back_freed() -> None:
    """Give the system the memory that was freed and that the C library keeps for later. With glibc alone."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _limit(kind: int, most: int) -> None:
    """Set a limit that can never be raised again; one that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _mapped_bytes() -> int:
    """The size of this process's address space; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()

"""What a process that draws may do: so much memory and time, no network, and not outlive who started it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType

from kb.rendering.seccomp import leave_the_network

_PR_SET_PDEATHSIG = 1


def confine(*, megabytes: int, seconds: int, written_bytes: int, parent: int) -> bool:
    """Bound this process and those that it starts; to be called before it opens anything that is not ours.

    `parent` is the process that started it, with which it ends. Whether it gave up the network as well: not
    every system can take it away.
    """
    if sys.platform == "linux":
        _end_with(parent)
    # What is mapped already is the program, not the file.
    _limit(resource.RLIMIT_AS, _mapped_bytes() + megabytes * 1_000_000)
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_FSIZE, written_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(5)
    return leave_the_network()


def _end_with(parent: int) -> None:
    """End with the parent, and with what this process has started itself: LibreOffice is three processes."""

    def end_all(_number: int, _frame: FrameType | None) -> None:
        os.killpg(os.getpgrp(), signal.SIGKILL)

    signal.signal(signal.SIGTERM, end_all)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.killpg(os.getpgrp(), signal.SIGKILL)


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

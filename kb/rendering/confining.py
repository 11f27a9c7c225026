"""What a process that draws may do: so much memory and time, no network, and not outlive who started it."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from kb.process_limits import limit_process, send_when_parent_ends
from kb.rendering.seccomp import leave_the_network


def confine(*, megabytes: int, seconds: int, written_bytes: int, parent: int) -> bool:
    """Bound this process and those that it starts; to be called before it opens anything that is not ours.

    `parent` is the process that started it, with which it ends. Whether it gave up the network as well: not
    every system can take it away.
    """
    if sys.platform == "linux":
        _end_with(parent)
    limit_process(megabytes=megabytes, written_bytes=written_bytes, seconds=seconds)
    os.nice(5)
    return leave_the_network()


def _end_with(parent: int) -> None:
    """End with the parent, and with what this process has started itself: LibreOffice is three processes."""

    def end_all(_number: int, _frame: FrameType | None) -> None:
        os.killpg(os.getpgrp(), signal.SIGKILL)

    signal.signal(signal.SIGTERM, end_all)
    send_when_parent_ends(signal.SIGTERM)
    if os.getppid() != parent:
        os.killpg(os.getpgrp(), signal.SIGKILL)

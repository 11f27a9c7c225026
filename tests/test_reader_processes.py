"""The processes that read files, started before there is anything to read and ended at any time."""

from __future__ import annotations

import os
import time
from contextlib import closing

import pytest

from kb.errors import ReadersUnavailable
from kb.sandbox import ReaderProcesses
from kb.settings import Settings


def test_a_process_that_was_started_before_is_the_one_that_reads() -> None:
    with closing(ReaderProcesses(Settings(), 1)) as processes:
        assert not processes.are_alive
        processes.start()
        assert processes.are_alive
        first = processes.schedule(os.getpid).result(timeout=60)
        assert first != os.getpid()
        assert processes.schedule(os.getpid).result(timeout=60) == first


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_processes_that_were_ended_do_nothing_more(seconds: float) -> None:
    processes = ReaderProcesses(Settings(), 1)
    processes.start()
    time.sleep(seconds)
    processes.close()
    processes.close()
    assert not processes.are_alive
    with pytest.raises(ReadersUnavailable, match="No process can be started to read the files"):
        processes.schedule(os.getpid)


def test_processes_that_were_ended_before_they_started_do_not_start() -> None:
    processes = ReaderProcesses(Settings())
    processes.close()
    processes.start()
    assert not processes.are_alive

"""Promises of a service that loads its model in the background: it listens first, and ends in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.library import publish, record

_ENDS_WHILE_IT_LOADS = """
import sys, threading, time
from pathlib import Path
from api.readiness import Readiness
from kb.index.embedded import EmbeddedIndex
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder

loading = threading.Event()

class SlowEncoder(WordEncoder):
    @property
    def identity(self):
        if threading.current_thread().name == "warming":
            loading.set()
            time.sleep(1)
            print("loaded")
        return super().identity

settings = Settings(indexes=Path(sys.argv[1]))
index = EmbeddedIndex.open(settings.indexes / sys.argv[2])
Readiness(KnowledgeBase.over(index, settings, SlowEncoder())).start()
loading.wait(30)
sys.exit(7)
"""


def test_a_process_that_ends_while_its_model_is_loaded_is_not_torn_from_under_it(
    tmp_path: Path, root: Path
) -> None:
    """PyTorch aborts a process that ends while a thread still loads it."""
    name = publish(tmp_path, {record("a.md"): ["Het zaaksysteem."]})
    done = subprocess.run(
        [sys.executable, "-c", _ENDS_WHILE_IT_LOADS, str(tmp_path), name],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (7, "")
    assert "loaded" in done.stdout

"""Promises about the records of builds: any process can tell how a build fares, whatever became of it."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kb.builds import FOLDER, KEPT, Builds, new_id
from kb.errors import CorpusError, NotFound


def test_a_build_is_followed_from_its_start_to_its_publication(tmp_path: Path) -> None:
    builds = Builds(tmp_path)
    with builds.recording() as recording:
        recording.advance("reading", 3, 10, 40, 12)
        (running,) = Builds(tmp_path).all()
        assert (running.state, running.phase, running.pid) == ("running", "reading", os.getpid())
        assert (running.files_done, running.files_total, running.passages, running.reused) == (3, 10, 40, 12)
        assert builds.running() == running
        recording.published({"generation": "20261124T185454123Z", "documents": 9})
    found = builds.get(running.id)
    assert (found.state, found.generation) == ("published", "20261124T185454123Z")
    assert found.report == {"generation": "20261124T185454123Z", "documents": 9}
    assert found.ended is not None
    assert found.ended >= found.started
    assert builds.running() is None


def test_an_error_of_ours_is_told_and_the_inside_of_another_is_not(tmp_path: Path) -> None:
    builds = Builds(tmp_path)
    with pytest.raises(CorpusError), builds.recording():
        raise CorpusError("corpus/ holds no files. Put documents in it")
    with pytest.raises(ZeroDivisionError), builds.recording():
        raise ZeroDivisionError("the secret inside")
    with pytest.raises(KeyboardInterrupt), builds.recording():
        raise KeyboardInterrupt
    stopped, crashed, empty = builds.all()
    assert [found.state for found in (stopped, crashed, empty)] == ["failed"] * 3
    assert empty.error
    assert (empty.error.code, empty.error.message) == (
        "corpus-error",
        "corpus/ holds no files. Put documents in it",
    )
    assert crashed.error
    assert "ZeroDivisionError" in crashed.error.message
    assert "secret" not in crashed.error.message
    assert stopped.error
    assert stopped.error.code == "stopped"


def test_a_refused_build_keeps_its_reason_and_its_report(tmp_path: Path) -> None:
    builds = Builds(tmp_path)
    refusal = CorpusError("Too many documents would go")
    with contextlib.suppress(CorpusError), builds.recording() as recording:
        recording.refused(refusal, {"documents": 3})
        raise refusal
    (found,) = builds.all()
    assert found.state == "refused"
    assert found.error
    assert found.error.message == "Too many documents would go"
    assert found.report == {"documents": 3}


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_build_of_which_the_process_is_gone_is_broken_off(tmp_path: Path, root: Path, ending: int) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from kb.builds import Builds\n"
        "with Builds(pathlib.Path(sys.argv[1])).recording() as recording:\n"
        "    recording.advance('reading', 1, 2, 3, 0)\n"
        "    print(recording.record.id, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout
    build_id = process.stdout.readline().strip()
    assert Builds(tmp_path).get(build_id).state == "running"
    process.send_signal(ending)
    process.wait()
    process.stdout.close()
    assert Builds(tmp_path).get(build_id).state == "broken-off"
    assert Builds(tmp_path).running() is None


def test_a_build_that_never_began_is_broken_off_when_who_asked_for_it_is_gone(
    tmp_path: Path, root: Path
) -> None:
    script = "import sys, pathlib\nfrom kb.builds import Builds\nBuilds(pathlib.Path(sys.argv[1])).announce()"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment, check=True)
    assert [record.state for record in Builds(tmp_path).all()] == ["broken-off"]
    asked = Builds(tmp_path).announce()
    assert Builds(tmp_path).get(asked.id).state == "running"


def test_the_newest_records_are_kept_and_nothing_else(tmp_path: Path) -> None:
    builds = Builds(tmp_path)
    folder = tmp_path / FOLDER
    folder.mkdir()
    forgotten = folder / f".{new_id()}.99.tmp"
    forgotten.write_text("{")
    os.utime(forgotten, (0, 0))
    for number in range(KEPT + 5):
        with builds.recording() as recording:
            (folder / f"{recording.record.id}.log").write_text("")
            recording.published({"documents": number})
    assert [record.report for record in builds.all()] == [
        {"documents": number} for number in range(KEPT + 4, 4, -1)
    ]
    assert len(list(folder.iterdir())) == 2 * KEPT


def test_a_build_goes_on_where_its_record_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    with Builds(tmp_path).recording() as recording:
        recording.advance("reading", 1, 1, 1, 0)
        recording.published({})
    assert Builds(tmp_path).all() == []


@pytest.mark.parametrize(
    "build_id", ["", "..", "../../CURRENT", "20261124T185454123Z-0123456789ab/../x", "*"]
)
def test_an_id_is_no_path(tmp_path: Path, build_id: str) -> None:
    with pytest.raises(NotFound):
        Builds(tmp_path).get(build_id)
    with pytest.raises(NotFound), Builds(tmp_path).recording(build_id):
        pass


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"id": 1}', "null", "\x00"])
def test_a_damaged_record_is_no_record(tmp_path: Path, content: str) -> None:
    builds = Builds(tmp_path)
    with builds.recording() as recording:
        recording.published({})
    file = tmp_path / FOLDER / f"{recording.record.id}.json"
    assert stat.S_ISREG(file.stat().st_mode)
    file.write_text(content)
    assert builds.all() == []
    with pytest.raises(NotFound):
        builds.get(recording.record.id)

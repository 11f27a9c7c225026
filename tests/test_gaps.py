"""What was asked and not answered: kept without who asked, and shown from three askers on."""

from __future__ import annotations

import datetime as dt
import logging
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.errors import GapsUnavailable
from kb.gaps import Gap
from kb.gaps.keeping import FILE, Gaps
from kb.privacy.live import LivePrivacy
from kb.settings import Settings

ASKERS = ("address:192.0.2.1", "address:192.0.2.2", "address:192.0.2.3", "key:4f2a9c01")


class Clock:
    """A calendar that a test turns."""

    def __init__(self) -> None:
        self.day = dt.date(2026, 11, 25)

    def __call__(self) -> dt.date:
        return self.day


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Callable[..., Gaps]:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "indexes").mkdir()

    def at(**changes: object) -> Gaps:
        settings = Settings(
            corpus=tmp_path / "corpus",
            indexes=tmp_path / "indexes",
            **{"gaps": "on", **changes},  # type: ignore[arg-type]
        )
        return Gaps(settings, LivePrivacy(settings), today=clock)

    return at


def ask(gaps: Gaps, query: str, askers: Iterable[str] = ASKERS[:3]) -> None:
    for asker in askers:
        gaps.keep(query, asker)


def told(gaps: Gaps) -> list[tuple[str, int]]:
    return [(gap.words, gap.askers) for gap in gaps.all()]


def stored(tmp_path: Path) -> bytes:
    return (tmp_path / "indexes" / FILE).read_bytes()


def test_a_question_is_shown_from_three_askers_on(opened: Callable[..., Gaps]) -> None:
    gaps = opened()
    ask(gaps, "Hoe meld ik een datalek?", ASKERS[:2])
    assert gaps.all() == []
    ask(gaps, "Hoe meld ik een datalek?", ASKERS[2:3])
    assert gaps.all() == [Gap(words="hoe meld ik een datalek", askers=3, month="2026-11")]


def test_who_asks_again_counts_once_in_whatever_words(opened: Callable[..., Gaps]) -> None:
    gaps = opened()
    for query in ("datalek melden", "melden datalekken", "een datalek melden bij wie?"):
        ask(gaps, query, ASKERS[:1])
    ask(gaps, "datalek melden", ASKERS[1:2])
    assert gaps.all() == []


def test_questions_in_nearly_the_same_words_are_one(opened: Callable[..., Gaps]) -> None:
    gaps = opened()
    gaps.keep("Hoe meld ik een datalek?", ASKERS[0])
    gaps.keep("datalekken melden", ASKERS[1])
    gaps.keep("waar moet ik een datalek melden", ASKERS[2])
    ask(gaps, "begraafplaats reserveren", ASKERS[:2])
    ((words, askers),) = told(gaps)
    assert askers == 3
    assert set(words.split()) == {"melden", "datalek"}


def test_only_words_that_three_askers_used_are_shown(opened: Callable[..., Gaps]) -> None:
    gaps = opened()
    ask(gaps, "vergunning dakkapel", ASKERS[:2])
    gaps.keep("vergunning dakkapel Dorpsstraat 12", ASKERS[2])
    gaps.keep("vergunning dakkapel Pietersen", ASKERS[3])
    assert told(gaps) == [("vergunning dakkapel", 4)]


def test_three_askers_who_share_no_word_that_says_anything_are_not_shown(opened: Callable[..., Gaps]) -> None:
    gaps = opened()
    ask(gaps, "wie is wie", ASKERS)
    ask(gaps, "", ASKERS)
    ask(gaps, "datalek " * 40, ASKERS)
    assert gaps.all() == []


def test_nothing_is_kept_unless_it_is_asked_for(opened: Callable[..., Gaps], tmp_path: Path) -> None:
    gaps = opened(gaps="off")
    ask(gaps, "datalek melden")
    assert gaps.all() == []
    assert not (tmp_path / "indexes" / FILE).exists()


def test_who_stops_keeping_keeps_nothing(opened: Callable[..., Gaps], tmp_path: Path) -> None:
    ask(opened(), "datalek melden")
    assert (tmp_path / "indexes" / FILE).exists()
    opened(gaps="off").tidy()
    assert not (tmp_path / "indexes" / FILE).exists()


def test_who_asked_stands_nowhere_and_cannot_be_laid_beside_another_question(
    opened: Callable[..., Gaps], tmp_path: Path
) -> None:
    gaps = opened()
    ask(gaps, "datalek melden", ASKERS)
    ask(gaps, "begraafplaats reserveren", ASKERS)
    content = stored(tmp_path)
    assert b"datalek" in content
    for asker in ASKERS:
        assert asker.encode() not in content
        assert asker.partition(":")[2].encode() not in content
    with sqlite3.connect(tmp_path / "indexes" / FILE) as database:
        rows = database.execute("SELECT asker FROM askers").fetchall()
    database.close()
    assert len(rows) == len(set(rows)) == 2 * len(ASKERS)


def test_the_end_of_a_month_leaves_a_number_and_shared_words(
    opened: Callable[..., Gaps], clock: Clock, tmp_path: Path
) -> None:
    gaps = opened()
    ask(gaps, "datalek melden", ASKERS)
    gaps.keep("datalek melden Pietersen", ASKERS[0])
    ask(gaps, "begraafplaats reserveren", ASKERS[:2])
    with sqlite3.connect(tmp_path / "indexes" / FILE) as database:
        old = [database.execute("SELECT key FROM secret").fetchone()[0]]
        old += [row[0] for row in database.execute("SELECT asker FROM askers")]
    database.close()
    assert all(one in stored(tmp_path) for one in old)
    clock.day = dt.date(2026, 12, 1)
    assert gaps.all() == [Gap(words="datalek melden", askers=4, month="2026-11")]
    content = stored(tmp_path)
    assert not any(one in content for one in old)
    assert b"pietersen" not in content
    assert b"begraafplaats" not in content


def test_askers_of_several_months_are_not_added_up(opened: Callable[..., Gaps], clock: Clock) -> None:
    gaps = opened()
    ask(gaps, "datalek melden", ASKERS[:2])
    clock.day = dt.date(2026, 12, 1)
    ask(gaps, "datalek melden", ASKERS[:2])
    assert gaps.all() == []
    ask(gaps, "datalek melden", ASKERS[2:3])
    assert gaps.all() == [Gap(words="datalek melden", askers=3, month="2026-12")]


def test_nothing_is_kept_longer_than_was_promised(opened: Callable[..., Gaps], clock: Clock) -> None:
    gaps = opened(gaps_days=60)
    ask(gaps, "datalek melden")
    clock.day = dt.date(2026, 12, 31)
    assert len(gaps.all()) == 1
    clock.day = dt.date(2027, 1, 1)
    gaps.tidy()
    assert gaps.all() == []


def test_the_newest_month_and_what_most_asked_come_first(opened: Callable[..., Gaps], clock: Clock) -> None:
    gaps = opened()
    ask(gaps, "datalek melden")
    clock.day = dt.date(2026, 12, 2)
    ask(gaps, "begraafplaats reserveren")
    ask(gaps, "dakkapel vergunning", ASKERS)
    assert told(gaps) == [
        ("dakkapel vergunning", 4),
        ("begraafplaats reserveren", 3),
        ("datalek melden", 3),
    ]


def test_addresses_and_numbers_are_not_kept(opened: Callable[..., Gaps], tmp_path: Path) -> None:
    gaps = opened(mask_contacts="off")
    ask(gaps, "bel jan.bakker@waterrijk.example of 06-12345678 over vergunning")
    assert told(gaps) == [("bel of over vergunning", 3)]
    assert b"bakker" not in stored(tmp_path)
    assert b"12345678" not in stored(tmp_path)


def test_a_suppressed_name_is_not_kept_and_one_that_was_is_not_shown(
    opened: Callable[..., Gaps], tmp_path: Path
) -> None:
    gaps = opened()
    ask(gaps, "klacht over Pietersen")
    assert len(gaps.all()) == 1
    (tmp_path / "corpus" / "privacy.yaml").write_text(
        "mask:\n  - name: Pietersen\n    reason: verzoek\n    date: 2026-11-01\n", encoding="utf-8"
    )
    gaps = opened()
    assert gaps.all() == []
    ask(gaps, "bezwaar van Pietersen")
    assert b"bezwaar" not in stored(tmp_path)


def test_only_the_service_can_read_the_file(opened: Callable[..., Gaps], tmp_path: Path) -> None:
    ask(opened(), "datalek melden")
    assert stat.S_IMODE((tmp_path / "indexes" / FILE).stat().st_mode) == 0o600


def test_several_processes_count_together(opened: Callable[..., Gaps]) -> None:
    workers = [opened() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            pool.submit(workers[number % 4].keep, "datalek melden", f"address:{number % 20}")
    ((words, askers),) = told(workers[0])
    # A worker that had to wait too long lets a question go.
    assert words == "datalek melden"
    assert 3 <= askers <= 20


@pytest.mark.parametrize(
    "content", [b"", b"no database at all, " * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_file_harms_no_search_and_is_begun_anew(
    opened: Callable[..., Gaps], tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    gaps = opened()
    (tmp_path / "indexes" / FILE).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        ask(gaps, "datalek melden", ASKERS)
    assert "datalek" not in caplog.text
    ask(gaps, "datalek melden", ASKERS)
    assert told(gaps)[0][0] == "datalek melden"


@pytest.mark.parametrize("lies", ["folder", "pipe", "link", "closed"])
def test_what_lies_in_its_place_harms_no_search(
    opened: Callable[..., Gaps], tmp_path: Path, lies: str, caplog: pytest.LogCaptureFixture
) -> None:
    gaps = opened()
    file = tmp_path / "indexes" / FILE
    elsewhere = tmp_path / "elsewhere"
    match lies:
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "link":
            elsewhere.write_bytes(b"")
            file.symlink_to(elsewhere)
        case "closed":
            file.parent.rmdir()
    with caplog.at_level(logging.WARNING):
        ask(gaps, "datalek melden")
        gaps.tidy()
    assert len([one for one in caplog.records if "gaps are not kept" in one.message]) == 1
    assert "datalek" not in caplog.text
    if lies == "closed":
        assert gaps.all() == []
    else:
        with pytest.raises(GapsUnavailable, match=r"\.gaps\.sqlite cannot be read"):
            gaps.all()
    assert not elsewhere.exists() or elsewhere.read_bytes() == b""


def test_a_flood_of_questions_neither_fills_the_disk_nor_hides_what_many_ask(
    opened: Callable[..., Gaps], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.gaps.keeping._MOST_GAPS", 20)
    monkeypatch.setattr("kb.gaps.keeping._MOST_ASKERS", 10)
    gaps = opened()
    ask(gaps, "datalek melden")
    for number in range(60):
        gaps.keep(f"onzin{number} woord{number}", ASKERS[0])
        gaps.keep("datalek melden", f"address:{number}")
    assert told(gaps) == [("datalek melden", 10)]
    with sqlite3.connect(tmp_path / "indexes" / FILE) as database:
        assert database.execute("SELECT count(*) FROM gaps").fetchone() == (20,)
    database.close()


FULL_DISK = """
import resource, sys
from kb.gaps.keeping import Gaps
from kb.privacy.live import LivePrivacy
from kb.settings import Settings
settings = Settings(corpus=sys.argv[1], indexes=sys.argv[1], gaps="on")
gaps = Gaps(settings, LivePrivacy(settings))
gaps.keep("datalek melden", "address:192.0.2.1")
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
gaps.keep("begraafplaats reserveren " * 7, "address:192.0.2.2")
gaps.tidy()
print("searched")
"""


def test_a_full_disk_harms_no_search(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "searched\n", done.stderr
    assert "gaps are not kept" in done.stderr
    assert "begraafplaats" not in done.stderr

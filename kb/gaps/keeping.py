"""The file of gaps: one SQLite database that every worker of the service writes.

    secret    the key of this month; gone with it
    gaps      what was asked this month, each by the words in which it was asked first
    askers    who asked it, as a hash that holds for this gap and this month alone, and with what words
    kept      earlier months: how many asked, and the words that at least three of them used

Nothing in it tells an order or a time: rows lie by random keys, and what is deleted is overwritten.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import logging
import os
import secrets
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from kb.errors import GapsUnavailable
from kb.gaps import SHOWN_FROM, Gap
from kb.gaps.wording import Wording, content, likeness, loaded, shared, together, wording_of
from kb.masking import masked
from kb.privacy.live import LivePrivacy
from kb.settings import Settings

FILE = ".gaps.sqlite"
# What one month holds at most: some megabytes. Beyond that, what one asker alone asked makes room.
_MOST_GAPS = 2_000
_MOST_ASKERS = 1_000
# How long a search waits for another worker that writes.
_PATIENCE_SECONDS = 0.2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (month TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gaps (gap BLOB PRIMARY KEY, words TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS askers (
    gap BLOB, asker BLOB, words TEXT NOT NULL, PRIMARY KEY (gap, asker)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    month TEXT, words TEXT, askers INTEGER NOT NULL, PRIMARY KEY (month, words)
) STRICT, WITHOUT ROWID;
"""
_log = logging.getLogger(__name__)


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


class Gaps:
    """What was asked and not answered, beside the index of these settings. Safe to use from several threads
    and processes."""

    def __init__(
        self, settings: Settings, privacy: LivePrivacy, *, today: Callable[[], dt.date] = _today
    ) -> None:
        self._file = settings.indexes / FILE
        self._days = settings.gaps_days
        self._is_on = settings.gaps == "on"
        self._privacy = privacy
        self._today = today
        self._tidied: dt.date | None = None
        self._failure = ""
        self._lock = threading.Lock()

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._is_on

    @property
    def days(self) -> int:
        """For how many days it is kept at most."""
        return self._days

    def keep(self, query: str, asker: str) -> None:
        """Count who asked a query that was not answered. `asker` is who that is, and is not kept.

        Never raises: whatever is the matter with the file, who searches is not to notice.
        """
        wording = self._wording(query)
        if self._is_on and wording:
            with self._not_failing(), self._lock, self._opened() as database:
                _count(database, wording, asker)

    def tidy(self) -> None:
        """Throw away what is over, once a day; all of it where nothing is to be kept. Never raises."""
        if self._tidied == self._today():
            return
        with self._not_failing():
            if not self._is_on:
                self._remove()
            elif self._file.exists():
                with self._lock, self._opened():
                    pass
            self._tidied = self._today()

    def all(self) -> list[Gap]:
        """What at least three asked and what they shared, the last month first, and of that most asked first.

        Raises `GapsUnavailable`.
        """
        if not self._is_on or not self._file.exists():
            return []
        try:
            with self._lock, self._opened() as database:
                found = [*_current(database), *_kept(database)]
        except (OSError, sqlite3.Error, ValueError) as error:
            raise GapsUnavailable(
                f"{self._file} cannot be read ({error}). Try again; if it stays so, remove it: what was "
                "kept in it is lost, and the next questions begin a new one"
            ) from error
        hidden = self._privacy.get()
        found = [gap for gap in found if not hidden.names_any(gap.words)]
        found.sort(key=lambda gap: (gap.month, gap.askers), reverse=True)
        # What was asked in several ways may share the same words.
        return list({(gap.month, gap.words): gap for gap in reversed(found)}.values())[::-1]

    def _wording(self, query: str) -> Wording:
        hidden = self._privacy.get()
        # Addresses and numbers are masked whatever the settings say: they tell who asks.
        return () if hidden.names_any(query) else wording_of(masked(query))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The database, in a transaction, with nothing in it that is over. A damaged one is begun anew."""
        try:
            with self._begun() as database:
                yield database
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._remove()
            raise

    def _remove(self) -> None:
        for file in (self._file, self._file.with_name(f"{FILE}-journal")):
            # A disk that may not be written refuses also to remove what is not there.
            if file.exists() or file.is_symlink():
                file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _begun(self) -> Iterator[sqlite3.Connection]:
        _made(self._file)
        database = sqlite3.connect(self._file, timeout=_PATIENCE_SECONDS, isolation_level=None)
        with contextlib.closing(database):
            database.execute("PRAGMA secure_delete = ON")
            database.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            self._turn(database)
            yield database
            database.execute("COMMIT")

    def _turn(self, database: sqlite3.Connection) -> None:
        """End a month that is over, and let go of those that were kept long enough."""
        today = self._today()
        month = f"{today:%Y-%m}"
        known = [row[0] for row in database.execute("SELECT month FROM secret")]
        if known != [month]:
            for gap in _current(database):
                database.execute(
                    "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "askers = max(askers, excluded.askers)",
                    (gap.month, gap.words, gap.askers),
                )
            for table in ("secret", "gaps", "askers"):
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            database.execute("INSERT INTO secret VALUES (?, ?)", (month, secrets.token_bytes(32)))
        # Counted from the first of the month: nothing is kept longer than was promised.
        oldest = f"{today - dt.timedelta(days=self._days):%Y-%m-%d}"
        database.execute("DELETE FROM kept WHERE month || '-01' < ?", (oldest,))

    @contextlib.contextmanager
    def _not_failing(self) -> Iterator[None]:
        """Tell the log once of what goes wrong, without the query, and go on."""
        try:
            yield
        except (OSError, sqlite3.Error, ValueError) as error:
            if str(error) != self._failure:
                _log.warning("gaps are not kept: %s (%s). Searches go on as they were", error, self._file)
            self._failure = str(error)
        else:
            self._failure = ""


def _made(file: Path) -> None:
    """Make the file, for this user alone. Raises `OSError` also where something else has its name."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{file} is no plain file")
    finally:
        os.close(descriptor)


def _count(database: sqlite3.Connection, wording: Wording, asker: str) -> None:
    (key,) = database.execute("SELECT key FROM secret").fetchone()
    gap = _gap_of(database, wording)
    hidden = hmac.new(key, gap + asker.encode(), hashlib.sha256).digest()[:16]
    known = database.execute("SELECT words FROM askers WHERE gap = ? AND asker = ?", (gap, hidden)).fetchone()
    if known:
        wording = together(loaded(json.loads(known[0])), wording)
    elif _number(database, "SELECT count(*) FROM askers WHERE gap = ?", gap) >= _MOST_ASKERS:
        return
    database.execute("INSERT OR REPLACE INTO askers VALUES (?, ?, ?)", (gap, hidden, json.dumps(wording)))


def _gap_of(database: sqlite3.Connection, wording: Wording) -> bytes:
    """The gap that a query is of: the likest one of this month, or a new one."""
    own = content(wording)
    likest, best = b"", 0.0
    for gap, words in database.execute("SELECT gap, words FROM gaps"):
        likely = likeness(own, content(loaded(json.loads(words))))
        if likely > best:
            likest, best = gap, likely
    if likest:
        return likest
    if _number(database, "SELECT count(*) FROM gaps") >= _MOST_GAPS:
        _make_room(database)
    gap = secrets.token_bytes(16)
    database.execute("INSERT INTO gaps VALUES (?, ?)", (gap, json.dumps(wording)))
    return gap


def _make_room(database: sqlite3.Connection) -> None:
    """Let go of a gap with as few askers as any: which of those is left to chance."""
    (gap,) = database.execute(
        "SELECT gap FROM askers GROUP BY gap ORDER BY count(*), random() LIMIT 1"
    ).fetchone()
    database.execute("DELETE FROM gaps WHERE gap = ?", (gap,))
    database.execute("DELETE FROM askers WHERE gap = ?", (gap,))


def _current(database: sqlite3.Connection) -> list[Gap]:
    """What at least three asked in the month of the secret."""
    found = database.execute("SELECT month FROM secret").fetchone()
    asked: dict[bytes, list[Wording]] = {}
    for gap, words in database.execute("SELECT gap, words FROM askers"):
        asked.setdefault(gap, []).append(loaded(json.loads(words)))
    told = [(shared(wordings), len(wordings)) for wordings in asked.values() if len(wordings) >= SHOWN_FROM]
    return [Gap(words=words, askers=number, month=found[0]) for words, number in told if words]


def _kept(database: sqlite3.Connection) -> list[Gap]:
    rows = database.execute("SELECT words, askers, month FROM kept")
    return [Gap(words=words, askers=askers, month=month) for words, askers, month in rows]


def _number(database: sqlite3.Connection, query: str, *values: object) -> int:
    (number,) = database.execute(query, values).fetchone()
    return int(number)

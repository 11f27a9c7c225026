"""Pictures of pages and slides, kept or made: a few at a time, each by a process of its own."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from kb.errors import NoView, ViewsBusy
from kb.privacy import PrivacyList
from kb.privacy.live import LivePrivacy
from kb.rendering import Drawable, Draws, Sheet
from kb.rendering.converting import converter
from kb.rendering.jobs import SLIDES, Bounds, PicturesJob, SheetJob, SlidesJob, picture_name
from kb.rendering.processes import Processes, taken
from kb.rendering.store import ViewStore
from kb.rendering.veiling import withheld
from kb.settings import Settings

# Raised when the same page is drawn otherwise, or its words are found otherwise.
RENDERING_VERSION = 1
# Miniatures are wanted many at once, and a process takes longer to start than to draw one.
MINIATURE_WIDTH, MINIATURES_TOGETHER = 240, 12

_AT_ONCE = 2
_WAITING = 24
_PAGE_SECONDS, _SLIDES_SECONDS = 30, 120
_MOST_PICTURE_BYTES, _MOST_SLIDES_BYTES = 40_000_000, 190_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
# A file that cannot be drawn is not tried again for so long: another time there may be more room.
_REFUSED_SECONDS, _MOST_REFUSED = 600.0, 1_000
_PASSING = frozenset({"changed", "no-process", "stopping"})
_SHEETS = TypeAdapter(Sheet)
_log = logging.getLogger("kb.rendering")

_Key = tuple[object, ...]
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class _Refused:
    until: float
    error: NoView


class Views:
    """The views of one service.

    What is asked comes as a future, done at once where it was kept. It may end with `NoView`; `ViewsBusy` is
    raised where too many are waited for already.
    """

    def __init__(self, settings: Settings, privacy: LivePrivacy | None = None) -> None:
        """With `privacy`, what was drawn under another list than that is forgotten."""
        self._privacy = privacy
        self._store = ViewStore(settings.indexes / ".views", most_bytes=settings.views_megabytes * 1_000_000)
        self._megabytes = settings.reader_megabytes
        self._processes = Processes()
        self._drawing = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="drawing")
        self._lock = threading.Lock()
        self._converting = threading.Lock()
        self._under_way: dict[_Key, Future[Any]] = {}
        self._refused: dict[_Key, _Refused] = {}
        if privacy:
            self._forget_others(privacy.get())
            privacy.on_change(self._forget_others)

    def _forget_others(self, privacy: PrivacyList) -> None:
        try:
            self._store.keep_only_of(privacy.digest)
        except OSError as error:
            # They are not shown all the same: their keys are those of the other list.
            _log.warning("Pictures of pages cannot be removed from disk (%s)", error.strerror or "error")

    def sheet(self, drawable: Drawable, page: int) -> Future[Sheet]:
        """What is on a page or slide, from 1."""
        if page in drawable.veil.pages:
            return _failed(withheld(page))
        key = self._key(drawable, "sheet", page)
        kept = self._store.get(*key)
        if kept is not None:
            try:
                return _done(_SHEETS.validate_json(kept))
            except ValidationError:
                pass
        return self._asked(key, partial(self._sheet, drawable, page, key))

    def picture(self, drawable: Drawable, page: int, *, width: int) -> Future[bytes]:
        """A page or slide as a PNG, `width` pixels wide or narrower where it is very high."""
        return self._pictures(drawable, page, (page,), width)

    def miniature(self, drawable: Drawable, page: int) -> Future[bytes]:
        """A page or slide as a small PNG, `MINIATURE_WIDTH` wide."""
        first = (page - 1) // MINIATURES_TOGETHER * MINIATURES_TOGETHER + 1
        together = [
            one for one in range(first, first + MINIATURES_TOGETHER) if one not in drawable.veil.pages
        ]
        return self._pictures(drawable, page, together, MINIATURE_WIDTH)

    def tag(self, drawable: Drawable, *what: object) -> str:
        """What tells one view from all others, also from the same one that another version drew."""
        return "-".join(map(str, self._key(drawable, *what)))

    def close(self) -> None:
        """End what is being drawn."""
        self._drawing.shutdown(wait=False, cancel_futures=True)
        self._processes.close()
        self._drawing.shutdown()

    @cached_property
    def draws_slides(self) -> bool:
        """Whether LibreOffice is installed."""
        return converter() is not None

    def _key(self, drawable: Drawable, *what: object) -> _Key:
        by = self._drawn_by if drawable.draws is Draws.PDF else f"{self._drawn_by}-{self._converted_by}"
        veil = drawable.veil
        # Nothing that was drawn under another list is ever found again.
        seen = (veil.digest, veil.hides_scans) if veil.digest or veil.hides_scans else ()
        return (drawable.sha256, drawable.draws, *what, by, *seen)

    def _pictures(self, drawable: Drawable, page: int, pages: Sequence[int], width: int) -> Future[bytes]:
        if page in drawable.veil.pages:
            return _failed(withheld(page))
        kept = self._store.get(*self._key(drawable, "picture", page, width))
        if kept is not None:
            return _done(kept)
        asked = self._asked(
            self._key(drawable, "pictures", pages[0], len(pages), width),
            partial(self._draw, drawable, tuple(pages), width),
        )
        return _then(asked, partial(_of_page, page=page))

    def _asked(self, key: _Key, work: Callable[[], _T]) -> Future[_T]:
        """What is under way already, or a turn of its own."""
        with self._lock:
            if refused := self._refused.get(key):
                if time.monotonic() < refused.until:
                    return _failed(refused.error)
                del self._refused[key]
            if under_way := self._under_way.get(key):
                return under_way
            if len(self._under_way) >= _WAITING:
                raise ViewsBusy("Too many pages are being drawn. Try again in some seconds")
            try:
                future = self._drawing.submit(work)
            except RuntimeError:
                return _failed(NoView("The service is stopping", code="stopping"))
            self._under_way[key] = future
        future.add_done_callback(partial(self._ended, key))
        return future

    def _ended(self, key: _Key, future: Future[Any]) -> None:
        with self._lock:
            self._under_way.pop(key, None)
            error = None if future.cancelled() else future.exception()
            if isinstance(error, NoView):
                # By its hash: a log is read by others than those who may read the document.
                _log.info("No picture of file %s: %s (%s)", key[0], error, error.code)
            if isinstance(error, NoView) and error.code not in _PASSING:
                if len(self._refused) >= _MOST_REFUSED:
                    self._refused.clear()
                self._refused[key] = _Refused(time.monotonic() + _REFUSED_SECONDS, error)

    def _sheet(self, drawable: Drawable, page: int, key: _Key) -> Sheet:
        with self._store.working() as working:
            file, sha256 = self._pdf(drawable, working)
            job = SheetJob(
                file=file,
                sha256=sha256,
                bounds=self._bounds(_PAGE_SECONDS),
                parent=os.getpid(),
                page=page,
                names=drawable.veil.names,
                hides_scans=drawable.veil.hides_scans,
            )
            answer = self._processes.run(job, working)
        try:
            found = _SHEETS.validate_python(answer.get("sheet"))
        except ValidationError as error:
            raise NoView("The process that drew it gave no answer", code="damaged") from error
        self._keep(_SHEETS.dump_json(found), drawable, key)
        return found

    def _draw(self, drawable: Drawable, pages: tuple[int, ...], width: int) -> Mapping[int, bytes]:
        with self._store.working() as working:
            file, sha256 = self._pdf(drawable, working)
            job = PicturesJob(
                file=file,
                sha256=sha256,
                bounds=self._bounds(_PAGE_SECONDS),
                parent=os.getpid(),
                pages=pages,
                width=width,
                names=drawable.veil.names,
                hides_scans=drawable.veil.hides_scans,
            )
            drawn = self._processes.run(job, working).get("pages")
            wanted = [page for page in pages if isinstance(drawn, list) and page in drawn]
            found = {page: _png(working / picture_name(page)) for page in wanted}
        for page, picture in found.items():
            self._keep(picture, drawable, self._key(drawable, "picture", page, width))
        return found

    def _pdf(self, drawable: Drawable, working: Path) -> tuple[Path, str]:
        """A file that PDFium can draw, and its SHA-256."""
        if drawable.draws is Draws.PDF:
            return drawable.file.absolute(), drawable.sha256
        data = self._slides(drawable)
        file = working / "drawn.pdf"
        file.write_bytes(data)
        return file, hashlib.sha256(data).hexdigest()

    def _slides(self, drawable: Drawable) -> bytes:
        key = self._key(drawable, "slides")
        # One at a time: LibreOffice takes all of a processor and a quarter of a gigabyte.
        with self._converting:
            kept = self._store.get(*key)
            if kept is not None:
                return kept
            with self._lock:
                refused = self._refused.get(key)
            if refused and time.monotonic() < refused.until:
                raise refused.error
            with self._store.working() as working:
                job = SlidesJob(
                    file=drawable.file.absolute(),
                    sha256=drawable.sha256,
                    bounds=self._bounds(_SLIDES_SECONDS),
                    parent=os.getpid(),
                    suffix=f".{drawable.draws}",
                )
                self._processes.run(job, working)
                data = taken(working / SLIDES, most=_MOST_SLIDES_BYTES)
            self._keep(data, drawable, key)
            return data

    def _keep(self, data: bytes, drawable: Drawable, key: _Key) -> None:
        """Keep a view, unless the list changed while it was drawn."""
        if self._privacy is None or self._privacy.get().digest == drawable.veil.digest:
            self._store.put(data, *key)

    def _bounds(self, seconds: int) -> Bounds:
        return Bounds(megabytes=self._megabytes, seconds=seconds)

    @cached_property
    def _drawn_by(self) -> str:
        return f"{RENDERING_VERSION}-{importlib.metadata.version('pypdfium2')}"

    @cached_property
    def _converted_by(self) -> str:
        """Which LibreOffice, without the second that it takes to ask it."""
        program = converter()
        with contextlib.suppress(OSError):
            if program:
                return str(Path(program).resolve().stat().st_mtime_ns)
        return "none"


def _png(file: Path) -> bytes:
    found = taken(file, most=_MOST_PICTURE_BYTES)
    if not found.startswith(_PNG):
        raise NoView("The process that drew it left no picture", code="damaged")
    return found


def _of_page(drawn: Mapping[int, bytes], *, page: int) -> bytes:
    if page not in drawn:
        raise NoView(f"It has no page {page}", code="no-page")
    return drawn[page]


def _then(future: Future[_T], change: Callable[[_T], _R]) -> Future[_R]:
    changed: Future[_R] = Future()

    def pass_on(done: Future[_T]) -> None:
        try:
            changed.set_result(change(done.result()))
        except Exception as error:
            changed.set_exception(error)

    future.add_done_callback(pass_on)
    return changed


def _done(value: _T) -> Future[_T]:
    future: Future[_T] = Future()
    future.set_result(value)
    return future


def _failed(error: Exception) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future

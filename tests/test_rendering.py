"""Promises of the pictures of pages and slides: sharp, at the right place, and harmless whatever the file."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from kb.corpus import scan
from kb.errors import NoView, ViewsBusy
from kb.files import sha256_of
from kb.parsing import ReadOptions, parse
from kb.rendering import PAGE_WIDTH, Drawable, Draws
from kb.rendering.converting import converter
from kb.rendering.drawing import MAX_PIXELS
from kb.rendering.jobs import Bounds, PicturesJob
from kb.rendering.marking import mark
from kb.rendering.processes import Processes
from kb.rendering.store import ViewStore
from kb.rendering.views import MINIATURE_WIDTH, Views
from kb.settings import Settings
from tests.hostile_pdf import endless_page, one_page, page, stream

DEADLINE = 120.0
with_libreoffice = pytest.mark.skipif(
    converter() is None and "CI" not in os.environ, reason="LibreOffice is not installed"
)


@pytest.fixture
def views(tmp_path: Path) -> Iterator[Views]:
    views = Views(Settings(indexes=tmp_path / "indexes", reader_megabytes=1_000))
    yield views
    views.close()


def of(file: Path) -> Drawable:
    return Drawable(file=file, sha256=sha256_of(file), draws=Draws(file.suffix[1:]))


def written(folder: Path, data: bytes, name: str = "bladzijde.pdf") -> Drawable:
    (folder / name).write_bytes(data)
    return of(folder / name)


def drawn(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_a_page_is_drawn_as_wide_as_asked_and_its_miniature_small(views: Views, files: Path) -> None:
    asked = of(files / "pdf" / "verslag.pdf")
    sheet = views.sheet(asked, 2).result(DEADLINE)
    picture = drawn(views.picture(asked, 2, width=900).result(DEADLINE))
    assert (sheet.number, sheet.of) == (2, 4)
    assert picture.width in (900, 901)
    assert picture.height == pytest.approx(900 * sheet.height / PAGE_WIDTH, abs=2)
    assert drawn(views.miniature(asked, 2).result(DEADLINE)).width in (MINIATURE_WIDTH, MINIATURE_WIDTH + 1)
    with pytest.raises(NoView) as refused:
        views.picture(asked, 5, width=900).result(DEADLINE)
    assert refused.value.code == "no-page"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_words_stand_where_they_are_drawn_on_turned_and_cropped_pages(
    views: Views, tmp_path: Path, turn: int
) -> None:
    changed = page(more=b"/Rotate %d/CropBox[50 300 500 800]" % turn)
    asked = written(tmp_path, one_page({3: changed}))
    sheet = views.sheet(asked, 1).result(DEADLINE)
    assert " ".join(word.text for word in sheet.words) == "Een gewone regel tekst van de gemeente"
    picture = drawn(views.picture(asked, 1, width=1_800).result(DEADLINE)).convert("L")
    unit = picture.width / PAGE_WIDTH
    outside = picture.copy()
    for word in sheet.words:
        box = [
            word.box.x * unit - 2,
            word.box.y * unit - 2,
            (word.box.x + word.box.width) * unit + 2,
            (word.box.y + word.box.height) * unit + 2,
        ]
        assert picture.crop([round(side) for side in box]).getextrema()[0] < 128, f"no ink in {word}"
        ImageDraw.Draw(outside).rectangle(box, fill=255)
    assert ImageChops.invert(outside).getbbox() is None, "ink outside of all words"


def test_a_passage_is_marked_on_the_page_where_its_reader_found_it(
    views: Views, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "corpus").mkdir()
    asked = written(tmp_path / "corpus", (files / "pdf" / "verslag.pdf").read_bytes())
    (source,) = scan(tmp_path / "corpus").sources
    blocks = parse(tmp_path / "corpus", source, ReadOptions()).blocks
    assert {block.locator.page for block in blocks} == {1, 2, 3, 4}
    for block in blocks:
        sheet = views.sheet(asked, block.locator.page or 0).result(DEADLINE)
        marked = mark(block.text, sheet.words)
        if len(block.text) < 20:
            continue
        assert marked.coverage > 0.95, block.text
        boxes = marked.boxes((0, len(block.text)))
        assert boxes
        assert all(box.x >= 0 and box.x + box.width <= PAGE_WIDTH for box in boxes)
        assert all(box.y >= 0 and box.y + box.height <= sheet.height for box in boxes)


def test_a_very_large_or_long_page_is_drawn_within_bounds(views: Views, tmp_path: Path) -> None:
    for size in (b"14400 14400", b"20 14400"):
        changed = page().replace(b"595 842", size)
        picture = drawn(
            views.picture(written(tmp_path, one_page({3: changed})), 1, width=1_800).result(DEADLINE)
        )
        assert picture.width * picture.height <= MAX_PIXELS * 1.01


def test_a_scan_is_drawn_and_has_no_words(views: Views, files: Path) -> None:
    asked = of(files / "pdf" / "scan.pdf")
    sheet = views.sheet(asked, 1).result(DEADLINE)
    assert sheet.words == ()
    assert not mark("Besluit van de raad over de verlichting", sheet.words).is_found
    assert drawn(views.picture(asked, 1, width=900).result(DEADLINE)).convert("L").getextrema()[0] < 128


@pytest.mark.parametrize("name", ["afgekapt.pdf", "wachtwoord.pdf"])
def test_what_cannot_be_opened_is_said_to_be_so(views: Views, files: Path, name: str) -> None:
    for _ in range(2):
        with pytest.raises(NoView) as refused:
            views.sheet(of(files / "pdf" / name), 1).result(DEADLINE)
        assert refused.value.code == "damaged"


def test_a_file_that_is_not_what_was_indexed_is_not_drawn(views: Views, tmp_path: Path) -> None:
    asked = written(tmp_path, one_page())
    asked.file.write_bytes(one_page({4: stream(b"BT /F 12 Tf 72 700 Td (Iets anders) Tj ET")}))
    for future in (views.sheet(asked, 1), views.picture(asked, 1, width=900), views.miniature(asked, 1)):
        with pytest.raises(NoView) as refused:
            future.result(DEADLINE)
        assert refused.value.code == "changed"
    asked.file.unlink()
    with pytest.raises(NoView):
        views.sheet(asked, 1).result(DEADLINE)


# --- Slides --------------------------------------------------------------------------------------------


@with_libreoffice
@pytest.mark.parametrize("name", ["griffiersdag.pptx", "griffiersdag.odp"])
def test_slide_n_is_drawn_as_page_n_hidden_slides_too(
    views: Views, files: Path, tmp_path: Path, name: str
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    asked = written(corpus, (files / "office" / name).read_bytes(), name)
    (source,) = scan(corpus).sources
    blocks = [block for block in parse(corpus, source, ReadOptions()).blocks if block.locator.part == "body"]
    slides = sorted({block.locator.slide or 0 for block in blocks})
    assert len(slides) > 5
    found = {number: views.sheet(asked, number).result(DEADLINE) for number in slides}
    titles = {block.locator.slide or 0: block.text for block in reversed(blocks) if block.text.isascii()}
    for number, title in titles.items():
        assert "".join(title.split()) in "".join(word.text for word in found[number].words), (number, title)
    # Of SmartArt without its picture LibreOffice draws nothing; what is marked on it is nothing as well.
    longer = [block for block in blocks if len(block.text) > 12]
    on_page = [mark(block.text, found[block.locator.slide or 0].words).is_found for block in longer]
    assert on_page.count(True) > 0.8 * len(on_page)
    assert drawn(views.picture(asked, 1, width=900).result(DEADLINE)).width in (900, 901)


def repacked(file: Path, change: Callable[[str, bytes], bytes]) -> bytes:
    """An Office file of which each part is changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(made, "w") as target:
        for name in archive.namelist():
            target.writestr(name, change(name, archive.read(name)))
    return made.getvalue()


@with_libreoffice
def test_slides_that_would_get_another_number_are_not_drawn(
    views: Views, files: Path, tmp_path: Path
) -> None:
    def with_one_more(name: str, part: bytes) -> bytes:
        unknown = b"<office:settings><draw:page/></office:settings><office:body>"
        return part.replace(b"<office:body>", unknown) if name == "content.xml" else part

    asked = written(tmp_path, repacked(files / "office" / "griffiersdag.odp", with_one_more), "mist.odp")
    with pytest.raises(NoView) as refused:
        views.sheet(asked, 1).result(DEADLINE)
    assert refused.value.code == "slides-differ"


@with_libreoffice
def test_nothing_that_a_presentation_links_to_is_fetched_or_shown(
    views: Views, files: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (400, 300), (255, 0, 255)).save(tmp_path / "geheim.png")
    with listening() as (address, requests):
        links = (f"{address}/volg-mij.png", (tmp_path / "geheim.png").as_uri())

        def linked(name: str, part: bytes) -> bytes:
            if name != "content.xml":
                return part
            frames = "".join(
                '<draw:frame svg:width="9cm" svg:height="7cm" svg:x="1cm" svg:y="1cm"><draw:image '
                f'xlink:href="{link}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'
                "</draw:frame>"
                for link in links
            ).encode()
            at = part.index(b"</draw:page>")
            return part[:at] + frames + part[at:]

        asked = written(tmp_path, repacked(files / "office" / "griffiersdag.odp", linked), "link.odp")
        picture = drawn(views.picture(asked, 1, width=900).result(DEADLINE)).convert("RGB")
    assert requests == []
    colours = {colour for _, colour in picture.getcolors(maxcolors=10_000_000) or ()}
    assert (255, 0, 255) not in colours


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    requests: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_OPTIONS = do_PROPFIND = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- Limits --------------------------------------------------------------------------------------------


def bomb_job(folder: Path, *, seconds: int) -> PicturesJob:
    asked = written(folder, endless_page())
    return PicturesJob(
        file=asked.file,
        sha256=asked.sha256,
        bounds=Bounds(megabytes=1_000, seconds=seconds),
        parent=os.getpid(),
        pages=(1,),
        width=900,
    )


def test_a_page_that_is_never_done_costs_so_many_seconds_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "working").mkdir()
    with pytest.raises(NoView) as refused:
        Processes().run(bomb_job(tmp_path, seconds=1), tmp_path / "working")
    assert refused.value.code == "too-large"
    assert workers_in(tmp_path / "working") == []


def test_a_picture_that_fills_the_memory_costs_its_own_page_alone(views: Views, tmp_path: Path) -> None:
    side = 40_000
    words = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Width %d/Height %d"
    asked = written(
        tmp_path,
        one_page(
            {
                3: page(resources=b"/XObject<</X 10 0 R>>"),
                4: stream(b"500 0 0 500 0 0 cm /X Do"),
                10: stream(b"\0" * 30_000_000, words=words % (side, side), packed=True),
            }
        ),
    )
    try:
        views.picture(asked, 1, width=900).result(DEADLINE)
    except NoView as refused:
        assert refused.code in ("too-large", "damaged")  # noqa: PT017 - PDFium may also leave the picture out
    assert views.picture(written(tmp_path, one_page(), "goed.pdf"), 1, width=900).result(DEADLINE)


def test_who_draws_sees_no_file_but_its_own_and_no_network(tmp_path: Path) -> None:
    for name in ("working", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "asked.pdf").write_text("asked")
    (tmp_path / "elsewhere" / "secret").write_text("secret")
    code = (
        "import os, socket, sys; from pathlib import Path;"
        "from kb.rendering.confining import confine; from kb.rendering.landlock import leave_the_files;"
        "limits = dict(megabytes=500, seconds=20, written_bytes=1000);"
        "assert confine(**limits, parent=os.getppid());"
        f"here = Path({str(tmp_path)!r});"
        "is_closed = leave_the_files(reads=[here / 'asked.pdf'], writes=here / 'working');"
        "import pypdfium2, lxml.etree, PIL.Image;"
        "print(is_closed);"
        "attempt(lambda: (here / 'asked.pdf').read_text());"
        "attempt(lambda: (here / 'working' / 'made').write_text('made'));"
        "attempt(lambda: (here / 'working' / 'made').read_text());"
        "attempt(lambda: (here / 'elsewhere' / 'secret').read_text());"
        "attempt(lambda: (here / 'elsewhere' / 'made').write_text('made'));"
        "attempt(lambda: (here / 'elsewhere' / 'secret').unlink());"
        "attempt(lambda: (here / 'working' / 'made').rename(here / 'elsewhere' / 'made'));"
        "attempt(lambda: (here / 'working' / 'large').write_bytes(bytes(2000)));"
        "attempt(lambda: socket.socket().close());"
        "attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close())"
    )
    attempt = (
        "def attempt(act):\n"
        "    try: act()\n"
        "    except OSError: print('refused')\n"
        "    else: print('done')\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", attempt + code],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
        timeout=DEADLINE,
    ).stdout.split()
    if answer[0] == "False":
        pytest.skip("this kernel has no Landlock")
    assert answer[1:] == ["done"] * 3 + ["refused"] * 7
    assert (tmp_path / "elsewhere" / "secret").read_text() == "secret"


def test_who_draws_ends_with_who_asked(tmp_path: Path) -> None:
    working = tmp_path / "working"
    working.mkdir()
    asked = written(tmp_path, endless_page())
    code = (
        "import os, sys; from pathlib import Path; from kb.rendering.jobs import *;"
        "from kb.rendering.processes import Processes;"
        f"job = PicturesJob(file=Path({str(asked.file)!r}), sha256={asked.sha256!r}, parent=os.getpid(),"
        "bounds=Bounds(megabytes=1000, seconds=100), pages=(1,), width=900);"
        f"Processes().run(job, Path({str(working)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as asking:
        until(lambda: bool(workers_in(working)))
        time.sleep(0.5)
        asking.send_signal(signal.SIGKILL)
    until(lambda: not workers_in(working))


def test_a_service_that_stops_ends_what_is_being_drawn(tmp_path: Path) -> None:
    views = Views(Settings(indexes=tmp_path / "indexes"))
    future = views.picture(written(tmp_path, endless_page()), 1, width=900)
    until(lambda: bool(workers_in(tmp_path / "indexes")))
    views.close()
    with pytest.raises(NoView):
        future.result(DEADLINE)
    assert workers_in(tmp_path / "indexes") == []
    with pytest.raises(NoView):
        views.picture(of(tmp_path / "bladzijde.pdf"), 1, width=901).result(DEADLINE)


def workers_in(folder: Path) -> list[int]:
    """The processes that run in a folder or below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_too_many_at_once_are_told_to_come_back(tmp_path: Path) -> None:
    views = Views(Settings(indexes=tmp_path / "indexes"))
    asked = written(tmp_path, endless_page())
    try:
        first = views.picture(asked, 1, width=100)
        with pytest.raises(ViewsBusy):  # noqa: PT012 - one of the many
            for width in range(101, 200):
                views.picture(asked, 1, width=width)
        assert not first.done()
    finally:
        views.close()


def test_what_is_asked_twice_at_once_is_drawn_once(views: Views, files: Path, tmp_path: Path) -> None:
    asked = of(files / "pdf" / "verslag.pdf")
    assert views.sheet(asked, 1) is views.sheet(asked, 1)
    futures = [views.miniature(asked, number) for number in (1, 2, 3, 4)]
    assert all(future.result(DEADLINE) for future in futures)
    # It is removed after the answer, which need not wait for that.
    end = time.monotonic() + DEADLINE
    while found := sorted(tmp_path.glob("indexes/.views/working-*")):
        assert time.monotonic() < end, found
        time.sleep(0.05)


# --- What is kept --------------------------------------------------------------------------------------


def test_what_was_drawn_is_kept_and_damage_is_noticed(views: Views, files: Path, tmp_path: Path) -> None:
    asked = of(files / "pdf" / "verslag.pdf")
    sheet = views.sheet(asked, 1).result(DEADLINE)
    picture = views.picture(asked, 1, width=900).result(DEADLINE)
    assert views.picture(asked, 1, width=900).done()
    assert views.sheet(asked, 1).done()
    folder = tmp_path / "indexes" / ".views"
    assert folder.stat().st_mode & 0o077 == 0
    kept = sorted(folder.iterdir())
    assert kept
    for file in kept:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    again = views.picture(asked, 1, width=900)
    assert not again.done() or again.result() == picture
    assert again.result(DEADLINE) == picture
    assert views.sheet(asked, 1).result(DEADLINE) == sheet
    for file in kept:
        file.write_bytes(b"")
    assert views.sheet(asked, 1).result(DEADLINE) == sheet


def test_the_least_used_make_room_first(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "views", most_bytes=10_000)
    for number in range(3):
        store.put(b"x" * 3_000, "blad", number)
    for age, file in enumerate(
        sorted(tmp_path.glob("views/*.view"), key=lambda file: file.stat().st_mtime_ns)
    ):
        os.utime(file, (time.time() - 1_000 + age, time.time() - 1_000 + age))
    assert store.get("blad", 0) == b"x" * 3_000
    store.put(b"y" * 3_000, "blad", 3)
    assert store.get("blad", 1) is None
    assert [store.get("blad", number) is not None for number in (0, 2, 3)] == [True, True, True]
    assert sum(file.stat().st_size for file in tmp_path.glob("views/*")) <= 10_000


def test_a_disk_that_cannot_be_written_costs_time_alone(files: Path, tmp_path: Path) -> None:
    (tmp_path / "indexes").write_text("no folder")
    views = Views(Settings(indexes=tmp_path / "indexes"))
    try:
        assert views.sheet(of(files / "pdf" / "verslag.pdf"), 1).result(DEADLINE).of == 4
    finally:
        views.close()


def test_another_page_scale_or_file_is_another_view(views: Views, files: Path) -> None:
    one, other = of(files / "pdf" / "verslag.pdf"), of(files / "pdf" / "presentatie.pdf")
    tags = {
        views.tag(asked, page, width) for asked in (one, other) for page in (1, 2) for width in (900, 1_800)
    }
    assert len(tags) == 8

"""Hostile files: each is refused with its reason or read with its gaps, within limits, and the rest goes on.

All of them lie in one corpus, which is built once, in a process of its own, with the limits that a build has.
"""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kb.corpus import scan
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.live_index import LiveIndex
from kb.parsing import parse
from kb.parsing.reading import Ocr, ReadOptions
from tests.conftest import ROOT
from tests.hostile import FOLDER, SENTENCE, make_large
from tests.hostile_build import READER_MEGABYTES

SECRET = "kanariewachtwoord"
GOOD = "De griffier bewaart de ordelijke stukken."
# What was to be written outside, had a path in an archive or a command in YAML been followed.
OUTSIDE = [Path("/tmp/kb-ontsnapt"), Path("/tmp/kb-ontsnapt.txt"), Path("/etc/kb-ontsnapt")]  # noqa: S108

# What is read: a text that must be in it, and the code of a gap that must be told.
READ: dict[str, tuple[str, str | None]] = {
    "besturing.txt": ("en verder over het plan", None),
    "bijlagen-kringloop.pdf": ("gewone regel tekst", None),
    "buiten.eml": ("Hallo", "attachment"),
    "buiten.html": (SENTENCE, None),
    "buiten.md": (SENTENCE, None),
    "buiten-verwijzing.docx": (SENTENCE, None),
    "datum-onmogelijk.eml": (SENTENCE, None),
    "delen-diep.eml": (SENTENCE, "damaged"),
    "entiteiten.html": (SENTENCE, None),
    "formulier-in-zichzelf.pdf": ("gewone regel tekst", "truncated"),
    "getallen.pptx": (SENTENCE, None),
    "grens-kwijt.eml": (SENTENCE, "damaged"),
    "grens-leeg.eml": (SENTENCE, "damaged"),
    "groepen-diep.pptx": (SENTENCE, "truncated"),
    "haken.md": (SENTENCE, None),
    "half-uitgepakt.pdf": ("gewone regel tekst", "damaged-page"),
    "halve-utf16.txt": (SENTENCE, None),
    "inhoudsopgave-kringloop.pdf": ("gewone regel tekst", None),
    "json-diep.txt": (SENTENCE, None),
    "kader-spaties.md": (SENTENCE, None),
    "kolommen.html": (SENTENCE, None),
    "kop-oneindig.eml": (SENTENCE, None),
    "koppeling-zijstuk.txt": (SENTENCE, None),
    "nesten-diep.md": (SENTENCE, "truncated"),
    "onsluitbaar.html": (SENTENCE, None),
    "opmerking-open.html": (SENTENCE, None),
    "overlap.docx": (SENTENCE, None),
    "pad-omhoog.docx": (SENTENCE, None),
    "pad-schuin.docx": (SENTENCE, None),
    "pagina-ontbreekt.pdf": ("gewone regel tekst", "missing-pages"),
    "pdf-en-html.html": (SENTENCE, None),
    "pdf-en-zip.pdf": ("gewone regel tekst", None),
    "pdf-is-zip.pdf": (SENTENCE, "misnamed"),
    "plaat-gigapixel.pptx": (SENTENCE, None),
    "regel-eindeloos.txt": (SENTENCE, None),
    "richting.txt": (f"fdp.exe {SENTENCE}", None),
    "rijen-miljard.odt": (SENTENCE, None),
    "sterren.md": (SENTENCE, None),
    "surrogaten.txt": ("en meer tekst van de raad", None),
    "tekening-ontbreekt.pdf": ("gewone regel tekst", "damaged-page"),
    "tekenset-punycode.eml": (SENTENCE, None),
    "telling-miljard.pdf": ("gewone regel tekst", "missing-pages"),
    "telling-nul.pdf": ("gewone regel tekst", None),
    "voorkant-bom.md": (SENTENCE, "front-matter"),
    "voorkant-diep.md": (SENTENCE, "front-matter"),
    "voorkant-opdracht.md": (SENTENCE, "front-matter"),
    "vorige-kringloop.pdf": ("gewone regel tekst", None),
    "zijstuk-bom.txt": (SENTENCE, None),
    "zijstuk-diep.txt": (SENTENCE, None),
    "zijstuk-groot.txt": (SENTENCE, None),
    "zijstuk-opdracht.txt": (SENTENCE, None),
    "zijstuk-sleutels.txt": (SENTENCE, None),
    "zip-is-pdf.docx": ("gewone regel tekst", "misnamed"),
}
# What is refused: the code, and a word of the reason.
REFUSED: dict[str, tuple[str, str]] = {
    "afgekapt-begin.docx": ("damaged", "ZIP"),
    "afgekapt-eind.docx": ("damaged", "ZIP"),
    "afgekapt-kop.pdf": ("damaged", "not a readable PDF"),
    "afgekapt-midden.docx": ("damaged", "ZIP"),
    "afgekapt-tabel.pdf": ("damaged", "not a readable PDF"),
    "bom-gigabyte.docx": ("too-large", "larger than"),
    "bom-onder-de-grens.docx": ("too-large", "elements"),
    "boom-van-bomen.pdf": ("too-large", "page tree"),
    "breedtes-miljard.pdf": ("no-text", "text layer"),
    "buiten.docx": ("damaged", "entities"),
    "buiten-dtd.docx": ("damaged", "entities"),
    "buiten.pdf": ("no-text", "text layer"),
    "bzip2-bom.docx": ("damaged", "packed"),
    "dia-ontbreekt.pptx": ("no-text", "missing from the file"),
    "dubbel.docx": ("damaged", "twice"),
    "eigenschappen.html": ("too-large", "attributes"),
    "elementen-diep.docx": ("damaged", "depth"),
    "elementen-diep.html": ("damaged", "deep"),
    "filters-duizend.pdf": ("too-large", "filter"),
    "flate-bom.pdf": ("too-large", "[Ll]imit"),
    "flate-keten.pdf": ("too-large", "[Ll]imit"),
    "getal-lang.pdf": ("too-large", "limit"),
    "grootte-liegt.docx": ("damaged", "CRC"),
    "ingangen-miljoen.docx": ("too-large", "directory"),
    "inhoud-ontbreekt.pdf": ("damaged", "missing from the file"),
    "json-diep.json": ("unsupported", "not read"),
    "kwadraat.docx": ("damaged", "amplification"),
    "lach-eigenschap.docx": ("damaged", "amplification"),
    "lach-miljard.docx": ("damaged", "amplification|entities"),
    "leeg.pdf": ("damaged", "empty"),
    "leeg-terabyte.pdf": ("too-large", "KB_FILE_MEGABYTES"),
    "lengte-van-zichzelf.pdf": ("too-large", "loop"),
    "letters-lang.pdf": ("no-text", "text layer"),
    "letters-surrogaten.pdf": ("no-text", "text layer"),
    "letters-vier-miljard.pdf": ("no-text", "text layer"),
    "lijsten-diep.pdf": ("damaged", "not a readable PDF"),
    "lzw-bom.pdf": ("too-large", "[Ll]imit"),
    "mails-diep.eml": ("damaged", "nested too deeply"),
    "mimetype-bom.odt": ("unsupported", "not read"),
    "naam-nul.docx": ("damaged", "no Word document"),
    "opdrachten-miljoen.pdf": ("too-large", "tokens|memory"),
    "oud.docx": ("encrypted", "password"),
    "pagina-kringloop.pdf": ("damaged", "cyclic"),
    "plaat-gigapixel.pdf": ("no-text", "text layer"),
    "rekenblad.docx": ("unsupported", "not read"),
    "rekenblad.odt": ("unsupported", "not read"),
    "runlength-bom.pdf": ("too-large", "[Ll]imit"),
    "symlink.docx": ("damaged", "not well-formed"),
    "tekst-te-groot.txt": ("too-large", "bytes of text"),
    "tienduizend-paginas.pdf": ("too-large", "10000 pages"),
    "valse-mark.txt": ("damaged", "binary"),
    "voorspeller-breed.pdf": ("too-large", "columns"),
    "wachtwoord-zip.docx": ("encrypted", "password"),
    "zip-in-zip.docx": ("unsupported", "not read"),
}
# What is no source at all, or a sidecar that is not used.
LEFT_OUT: dict[str, tuple[str, str]] = {
    "koppeling.txt": ("link", "outside the corpus"),
    "koppeling-map": ("link", "outside the corpus"),
    "koppeling-zelf.txt": ("unreadable", "symbolic links"),
    "koppeling-zijstuk.txt.yaml": ("sidecar", "outside the corpus"),
    "naam�[2J.txt": ("name", "control characters"),
    "naam�met regel.txt": ("name", "line breaks"),
    "pijp.txt": ("not-a-file", "pipe"),
    "zijstuk-bom.txt.yaml": ("sidecar", "aliases"),
    "zijstuk-diep.txt.yaml": ("sidecar", "nested"),
    "zijstuk-groot.txt.yaml": ("sidecar", "longer than"),
    "zijstuk-opdracht.txt.yaml": ("sidecar", "title"),
    "zijstuk-sleutels.txt.yaml": ("sidecar", "not a key"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a build made of the hostile corpus. `asked` is what anybody fetched from the canary's server."""

    files: dict[str, dict[str, Any]]
    texts: dict[str, str]
    megabytes: float
    asked: list[str]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str]]]:
    """A server that must never be asked anything, and what it was asked."""
    asked: list[str] = []

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def outcome(server: tuple[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One build over all hostile files, and one that is as it should be."""
    folder = tmp_path_factory.mktemp("vijandig")
    corpus, secret = folder / "corpus", folder / "elders" / "geheim.txt"
    shutil.copytree(FOLDER, corpus)
    secret.parent.mkdir()
    secret.write_text(f"Het {SECRET} van de gemeente.")
    make_large(corpus, server=server[0], secret=secret)
    (corpus / "zz-goed.txt").write_text(GOOD)
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile_build", corpus, folder / "indexes"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
        check=True,
    )
    told = json.loads(done.stdout)
    return Outcome(
        files={file["path"]: file for file in told["files"]},
        texts=_texts(LiveIndex(Generations(folder / "indexes")).get()),
        megabytes=told["readerMegabytes"],
        asked=server[1],
    )


def _texts(index: EmbeddedIndex) -> dict[str, str]:
    return {
        record.source: "\n".join(
            found.passage.text for found in index.passages(list(index.document_rows(record.id)))
        )
        for record in index.documents()
    }


def test_every_hostile_file_has_an_expectation(outcome: Outcome) -> None:
    assert len(list(FOLDER.iterdir())) >= 40
    assert outcome.files.keys() == READ.keys() | REFUSED.keys() | LEFT_OUT.keys() | {"zz-goed.txt"}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_with_its_gaps(outcome: Outcome, name: str) -> None:
    text, gap = READ[name]
    file = outcome.files[name]
    assert file["status"] == "read", file["message"]
    assert text in outcome.texts[name].replace("\n", " ")
    assert gap is None or gap in {code for code, _ in file["gaps"]}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_reason(outcome: Outcome, name: str) -> None:
    code, reason = REFUSED[name]
    file = outcome.files[name]
    assert (file["status"], file["code"]) == ("left-out", code), file["message"]
    assert re.search(reason, file["message"]), file["message"]
    assert name not in outcome.texts


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_no_source_is_named_and_why(outcome: Outcome, name: str) -> None:
    code, reason = LEFT_OUT[name]
    file = outcome.files[name]
    assert (file["status"], file["code"]) == ("left-out", code)
    assert re.search(reason, file["message"]), file["message"]


def test_the_rest_of_the_corpus_is_read(outcome: Outcome) -> None:
    assert outcome.texts["zz-goed.txt"] == GOOD


def test_no_reader_takes_more_memory_than_it_may(outcome: Outcome) -> None:
    assert 50 < outcome.megabytes <= READER_MEGABYTES


def test_nothing_outside_the_corpus_is_read_written_or_fetched(outcome: Outcome) -> None:
    assert outcome.asked == []
    assert all(SECRET not in text for text in outcome.texts.values())
    assert all(SECRET not in json.dumps(file) for file in outcome.files.values())
    assert all("root:" not in text for text in outcome.texts.values())
    assert not [path for path in OUTSIDE if path.exists()]


def test_reasons_can_be_shown_on_a_line(outcome: Outcome) -> None:
    for file in outcome.files.values():
        assert "\n" not in file["path"]
        assert len(file["message"] or "") < 2_000


def test_ocr_refuses_a_picture_by_its_pixels_before_it_unpacks_it() -> None:
    (source,) = [source for source in scan(FOLDER).sources if source.path == "plaat-gigapixel.pdf"]
    with pytest.raises(Exception, match="text") as refused:
        parse(FOLDER, source, ReadOptions(ocr=Ocr()))
    assert "10,000 million pixels" in str(refused.value)

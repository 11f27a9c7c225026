"""Presentations to PDF by LibreOffice, a page for every slide. Run in a process of its own.

LibreOffice gets a profile that exists for this one job: macros, links to elsewhere and recovery are
off in it.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pypdfium2
from lxml import etree

from kb.errors import NoView
from kb.rendering.jobs import SLIDES

_PROGRAMS = ("soffice", "libreoffice")
# Hidden slides as well: they are in the index, and without them a slide's number is not that of its page.
_FILTER = (
    'pdf:impress_pdf_Export:{"ExportHiddenSlides":{"type":"boolean","value":"true"},'
    '"ExportNotesPages":{"type":"boolean","value":"false"},'
    '"ReduceImageResolution":{"type":"boolean","value":"true"},'
    '"MaxImageResolution":{"type":"long","value":"150"}}'
)
_SECURITY = "/org.openoffice.Office.Common/Security/Scripting"
# https://api.libreoffice.org, officecfg: Office/Common.xcs
_PROFILE = {
    (_SECURITY, "BlockUntrustedRefererLinks"): "true",
    (_SECURITY, "DisableMacrosExecution"): "true",
    (_SECURITY, "MacroSecurityLevel"): "3",
    ("/org.openoffice.Office.Recovery/RecoveryInfo", "Enabled"): "false",
    ("/org.openoffice.Office.Common/Misc", "FirstRun"): "false",
}
_PRESENTATION = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/presentationml/main}"
_DRAWING = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
# The part that lists the slides, and the elements that are one each.
_LISTS = {
    ".pptx": ("ppt/presentation.xml", {f"{_PRESENTATION}sldId", f"{_STRICT}sldId"}),
    ".odp": ("content.xml", {f"{_DRAWING}page"}),
}
_MAX_PART_BYTES = 50_000_000


def converter() -> str | None:
    """Where LibreOffice is; None where it is not installed."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def convert(file: Path, *, seconds: int) -> None:
    """Write `SLIDES` beside a presentation. Raises `NoView`, also where a slide would get another number."""
    program = converter()
    if program is None:
        raise NoView("LibreOffice is not installed", code="no-program")
    folder = file.parent.absolute()
    _write_profile(folder / "profile")
    try:
        subprocess.run(
            [
                program,
                f"-env:UserInstallation={(folder / 'profile').as_uri()}",
                *("--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck"),
                *("--convert-to", _FILTER, "--outdir", str(folder), str(file.absolute())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoView(f"LibreOffice took more than {seconds} s", code="out-of-time") from None
    _check(file, folder / SLIDES)


def slides_in(file: Path) -> int:
    """How many slides a presentation lists. Raises `NoView`."""
    part, elements = _LISTS[file.suffix]
    try:
        with zipfile.ZipFile(file) as archive, archive.open(part) as stream:
            data = stream.read(_MAX_PART_BYTES + 1)
        if len(data) > _MAX_PART_BYTES:
            raise NoView("The list of its slides is too large", code="too-large")
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return sum(1 for _ in etree.fromstring(data, parser).iter(*elements))
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, KeyError, RuntimeError, EOFError) as error:
        raise NoView(f"Its slides cannot be counted ({error})", code="damaged") from error


def _check(file: Path, made: Path) -> None:
    if not made.is_file():
        raise NoView("LibreOffice made nothing of it", code="damaged")
    try:
        with pypdfium2.PdfDocument(made) as document:
            pages = len(document)
    except pypdfium2.PdfiumError as error:
        raise NoView("LibreOffice made no PDF of it", code="damaged") from error
    slides = slides_in(file)
    if pages != slides:
        raise NoView(f"LibreOffice made {pages} pages of {slides} slides", code="slides-differ")


def _write_profile(profile: Path) -> None:
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for (path, name), value in _PROFILE.items()
    )
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>',
        encoding="utf-8",
    )

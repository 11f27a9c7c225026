"""Hostile files of our own making.

`python -m tests.hostile` writes the small ones to tests/files/hostile, where they are stored; `make_large`
makes those that are too big or too odd to store, at test time. What becomes of each stands in
tests/test_hostile.py.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.hostile_pdf import PDFS, TEXT, one_page, stream

FOLDER = Path(__file__).parent / "files" / "hostile"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
SENTENCE = "De gemeenteraad bespreekt het plan."
_SYMLINK = 0o120777 << 16


def document(text: str = SENTENCE, *, before: str = "") -> str:
    """The main part of a Word file with one paragraph."""
    body = f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>"
    return f'{before}<w:document xmlns:w="{W}">{body}</w:document>'


def packed(parts: Mapping[str, bytes | str], *, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP container, the same bytes each time."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = how
            archive.writestr(entry, content)
    return written.getvalue()


def word(text: str = SENTENCE, *, before: str = "", more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A Word file."""
    return packed({"word/document.xml": document(text, before=before), **(more or {})})


def slides(
    shapes: str, *, more: Mapping[str, bytes | str] | None = None, target: str = "slides/1.xml"
) -> bytes:
    """A presentation with these shapes on slide 1, which is where `target` says."""
    link = f'<Relationships xmlns="{LINKS}"><Relationship Id="r1" Type="x/slide" Target="{target}"/>'
    return packed(
        {
            "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>'
            '<p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": f"{link}</Relationships>",
            "ppt/slides/1.xml": f'<p:sld xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}"><p:cSld><p:spTree>{shapes}'
            "</p:spTree></p:cSld></p:sld>",
            **(more or {}),
        }
    )


def shape(text: str) -> str:
    """A text box."""
    return f"<p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def laughs() -> str:
    """Entities of ten of the one before, eleven deep."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>'


def overlapping() -> bytes:
    """Two entries of the directory that are the same bytes of the file."""
    data = bytearray(packed({"word/document.xml": document(), "word/zzzzzzzz.xml": document()}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def lying_size() -> bytes:
    """A part that says it unpacks to fifty bytes."""
    data = bytearray(word("x" * 100_000))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 50)
    return bytes(data)


def with_symlink() -> bytes:
    """A container whose main part is a link to a file of the system."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        link = zipfile.ZipInfo("word/document.xml")
        link.external_attr = _SYMLINK
        archive.writestr(link, "/etc/passwd")
    return written.getvalue()


def doubled() -> bytes:
    """Two main parts of one name, which say different things."""
    first = packed(
        {"word/document.xml": document("De eerste lezing."), "word/documen2.xml": document("De tweede.")}
    )
    return first.replace(b"word/documen2.xml", b"word/document.xml")


def mail(*lines: str) -> bytes:
    """A mail with the subject Hallo."""
    return "\n".join(("From: a@example.org", "Subject: Hallo", *lines)).encode()


def parts_in_parts(depth: int) -> str:
    """Containers of parts in containers of parts, and a text in the innermost."""
    return (
        "\n".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}' for n in range(depth))
        + "\n\n"
        + SENTENCE
    )


_ZIP = word()
_GROUPS = "<p:grpSp>" * 100 + shape("Diep verborgen tekst.") + "</p:grpSp>" * 100
_ODT = "urn:oasis:names:tc:opendocument:xmlns"
_CELL = "<table:table-cell><text:p>cel</text:p></table:table-cell>"
_ODT_TABLE = (
    f'<office:document-content xmlns:office="{_ODT}:office:1.0" xmlns:table="{_ODT}:table:1.0" '
    f'xmlns:text="{_ODT}:text:1.0"><office:body><office:text><text:p>{SENTENCE}</text:p><table:table>'
    f'<table:table-row table:number-rows-repeated="1000000000">'
    f'<table:table-cell table:number-columns-repeated="1000000000"/>{_CELL}{_CELL}</table:table-row>'
    "</table:table></office:text></office:body></office:document-content>"
)

OFFICE: Mapping[str, bytes] = {
    "lach-miljard.docx": word("Begin &l11; eind", before=laughs()),
    "lach-eigenschap.docx": packed(
        {"word/document.xml": document(before=laughs()).replace("<w:p>", '<w:p w:x="&l11;">', 1)}
    ),
    "kwadraat.docx": word("&a;" * 20_000, before=f'<!DOCTYPE x [<!ENTITY a "{"a" * 20_000}">]>'),
    "elementen-diep.docx": word("<w:r>" * 5_000 + "x" + "</w:r>" * 5_000),
    "overlap.docx": overlapping(),
    "grootte-liegt.docx": lying_size(),
    "bzip2-bom.docx": packed({"word/document.xml": " " * 60_000_000 + document()}, how=zipfile.ZIP_BZIP2),
    "symlink.docx": with_symlink(),
    "dubbel.docx": doubled(),
    "pad-omhoog.docx": word(
        more={"../../../tmp/kb-ontsnapt.txt": "ontsnapt", "/etc/kb-ontsnapt": "ontsnapt"}
    ),
    "pad-schuin.docx": packed(
        {"..\\..\\word\\document.xml": document("ontsnapt"), "word/document.xml": document()}
    ),
    "naam-nul.docx": word().replace(b"word/document.xml", b"word/document\0xml"),
    "afgekapt-begin.docx": _ZIP[:40],
    "afgekapt-midden.docx": _ZIP[: len(_ZIP) // 2],
    "afgekapt-eind.docx": _ZIP[:-10],
    "wachtwoord-zip.docx": _ZIP.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\1\0").replace(
        b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"
    ),
    "zip-in-zip.docx": packed({"binnen.zip": packed({"binnen.zip": packed({"bom": bytes(5_000_000)})})}),
    "getallen.pptx": slides(
        "<p:sp><p:spPr><a:xfrm>"
        f'<a:off x="{"9" * 4_000}" y="-{"9" * 400}"/><a:ext cx="1e999" cy="NaN"/></a:xfrm></p:spPr>'
        f"<p:txBody><a:p><a:r><a:t>{SENTENCE}</a:t></a:r></a:p></p:txBody></p:sp>"
    ),
    "groepen-diep.pptx": slides(shape(SENTENCE) + _GROUPS),
    "plaat-gigapixel.pptx": slides(
        shape(SENTENCE) + '<p:pic><p:blipFill><a:blip r:embed="r9"/></p:blipFill></p:pic>',
        more={
            "ppt/media/plaat.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
            + struct.pack(">II", 2**31 - 1, 2**31 - 1)
            + bytes(9)
        },
    ),
    "dia-ontbreekt.pptx": slides(shape(SENTENCE), target="slides/7.xml"),
    "rijen-miljard.odt": packed(
        {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": _ODT_TABLE}
    ),
    "rekenblad.docx": packed({"xl/workbook.xml": "<workbook/>", "[Content_Types].xml": "<Types/>"}),
    "rekenblad.odt": packed(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}
    ),
}

TEXTS: Mapping[str, bytes] = {
    "elementen-diep.html": b"<div>" * 20_000 + SENTENCE.encode(),
    "onsluitbaar.html": b"<p>woord " * 5_000 + SENTENCE.encode(),
    "opmerking-open.html": b"<p>" + SENTENCE.encode() + b"</p><!-- " + b"x" * 1_000,
    "kolommen.html": b"<table><tr>"
    + b"<td colspan=9999>cel</td>" * 2_000
    + b"</tr></table><p>"
    + SENTENCE.encode(),
    "entiteiten.html": b'<!DOCTYPE html [<!ENTITY a "x">]><p>' + b"&a;" * 2_000 + SENTENCE.encode(),
    "nesten-diep.md": b"> " * 3_000 + b"diep\n\n" + SENTENCE.encode(),
    "haken.md": b"[" * 50_000 + b"\n\n" + b"![" * 20_000 + b"\n\n" + SENTENCE.encode(),
    "kader-spaties.md": b"!!! note" + b" " * 30_000 + b"x!\n\n" + SENTENCE.encode(),
    "sterren.md": b"*a **b " * 8_000 + b"\n\n" + SENTENCE.encode(),
    "voorkant-bom.md": b"---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n---\n" + SENTENCE.encode(),
    "voorkant-diep.md": b"---\nk: " + b"[" * 5_000 + b"\n---\n" + SENTENCE.encode(),
    "voorkant-opdracht.md": b"---\ntitle: !!python/object/apply:os.system ['touch /tmp/kb-ontsnapt']\n---\n"
    + SENTENCE.encode(),
    "surrogaten.txt": SENTENCE.encode() + b" \xed\xa0\x80\xed\xbf\xbf en meer tekst van de raad.\n",
    "halve-utf16.txt": b"\xff\xfe" + SENTENCE.encode("utf-16-le") + b"\x00\xd8" + b"x",
    "valse-mark.txt": b"\xff\xfe\0\0" + SENTENCE.encode(),
    "richting.txt": f"{SENTENCE} \u202efdp.exe\u202c \u200b\u200d\u2066\u2069 {SENTENCE}".encode(),
    "besturing.txt": SENTENCE.encode()
    + b"\x1b[2J\x1b]0;titel\x07"
    + b" en verder over het plan van de raad." * 5,
    "kop-oneindig.eml": mail("To: " + "(" * 50_000, "X-Lang: " + "y" * 60_000, "", SENTENCE),
    "datum-onmogelijk.eml": mail(
        "Date: Mon, 99999999999999999999 Jan 9999999999 99:99:99 +99999999", "", SENTENCE
    ),
    "delen-diep.eml": mail(parts_in_parts(120)),
    "mails-diep.eml": mail("Content-Type: message/rfc822\n\n" * 3_000),
    "grens-kwijt.eml": mail('Content-Type: multipart/mixed; boundary="kwijt"', "", "--anders", "", SENTENCE),
    "grens-leeg.eml": mail("Content-Type: multipart/mixed; boundary=", "", "--", SENTENCE, "----"),
    "tekenset-punycode.eml": mail("Content-Type: text/plain; charset=punycode", "", SENTENCE + " é"),
    "json-diep.json": b"[" * 200_000,
    "json-diep.txt": b'{"a":' * 20_000 + SENTENCE.encode(),
    "leeg.pdf": b"",
    "pdf-is-zip.pdf": _ZIP,
    "zip-is-pdf.docx": one_page(),
    "pdf-en-zip.pdf": one_page() + _ZIP,
    "pdf-en-html.html": b"<html><!-- " + one_page() + b" --><p>" + SENTENCE.encode() + b"</p></html>",
    "afgekapt-kop.pdf": one_page()[:60],
    "afgekapt-tabel.pdf": one_page()[:-60],
    "oud.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3_000) + "EncryptedPackage".encode("utf-16-le"),
}

STORED: Mapping[str, bytes] = {**PDFS, **OFFICE, **TEXTS}


def many_entries(count: int) -> bytes:
    """A container whose directory speaks of this many entries, all at one place."""
    entry = b"PK\x01\x02" + bytes([20, 3, 20, 0]) + bytes(20) + struct.pack("<HHHHHII", 4, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + b"%04x" % (n % 65_536) for n in range(count))
    end = b"PK\x05\x06\0\0\0\0" + struct.pack("<HHIIH", count % 65_536, count % 65_536, len(directory), 0, 0)
    return b"PK\x03\x04" + bytes(26) + directory + end


def zip_bomb(megabytes: int) -> bytes:
    """A Word file whose main part unpacks to this many megabytes of spaces."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(megabytes):
            part.write(b" " * 1_000_000)
    return written.getvalue()


def make_large(folder: Path, *, server: str, secret: Path) -> None:
    """What is too big or too odd to store; `server` and `secret` are what nobody may ask or read."""
    made: dict[str, bytes] = {
        "bom-gigabyte.docx": zip_bomb(1_000),
        "bom-onder-de-grens.docx": packed({"word/document.xml": document("<w:t/>" * 8_000_000)}),
        "mimetype-bom.odt": packed({"mimetype": bytes(300_000_000), "content.xml": "<a/>"}),
        "ingangen-miljoen.docx": many_entries(1_000_000),
        "flate-bom.pdf": one_page({4: stream(TEXT + b" " * 300_000_000, packed=True)}),
        "opdrachten-miljoen.pdf": one_page({4: stream(TEXT + b" 0 0 m" * 2_000_000, packed=True)}),
        "regel-eindeloos.txt": b"woord " * 1_000_000 + SENTENCE.encode(),
        "tekst-te-groot.txt": (SENTENCE.encode() + b"\n") * 2_000_000,
        "eigenschappen.html": b"<p "
        + b" ".join(b"a%d=1" % n for n in range(200_000))
        + b">"
        + SENTENCE.encode(),
        "buiten.docx": word("Begin &f; &g; eind", before=_outside(server, secret)),
        "buiten-dtd.docx": word(
            before=f'<!DOCTYPE x SYSTEM "{server}/x.dtd" [<!ENTITY % p SYSTEM "{server}/p"> %p;]>'
        ),
        "buiten-verwijzing.docx": word(
            more={
                "word/_rels/document.xml.rels": f'<Relationships xmlns="{LINKS}">'
                f'<Relationship Id="r1" Type="x/footnotes" Target="{server}/f.xml" TargetMode="External"/>'
                f'<Relationship Id="r2" Type="x/styles" Target="../../../../../..{secret}"/></Relationships>'
            }
        ),
        "buiten.html": f'<!DOCTYPE html SYSTEM "{server}/d.dtd"><html><head><base href="{server}/">'
        f'<meta http-equiv="refresh" content="0;url={server}/r"><link rel="stylesheet" href="{server}/s.css">'
        f'<script src="{server}/j.js"></script></head><body><p>{SENTENCE}</p><img src="{server}/i.png">'
        f'<iframe src="file://{secret}"></iframe></body></html>'.encode(),
        "buiten.md": f"{SENTENCE}\n\n![x]({server}/i.png)\n\n<img src='{server}/i'>\n\n[l]: file://{secret}\n".encode(),
        "buiten.eml": mail(
            f'Content-Type: message/external-body; access-type=URL; URL="{server}/e"', "", SENTENCE
        ),
        "buiten.pdf": one_page(
            {
                1: b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/URI/URI(%s/o)>>>>" % server.encode(),
                4: b"<</F(%s)/FFilter/FlateDecode/Length 0>>stream\n\nendstream" % str(secret).encode(),
            }
        ),
        "naam\nmet regel.txt": SENTENCE.encode(),
        "naam\x1b[2J.txt": SENTENCE.encode(),
        "zijstuk-bom.txt": SENTENCE.encode(),
        "zijstuk-bom.txt.yaml": b"a: &a [x,x]\nb: &b [*a,*a]\ntitle: *b\n",
        "zijstuk-diep.txt": SENTENCE.encode(),
        "zijstuk-diep.txt.yaml": b"title: " + b"[" * 60_000,
        "zijstuk-groot.txt": SENTENCE.encode(),
        "zijstuk-groot.txt.yaml": b"title: " + b"x" * 1_000_000,
        "zijstuk-sleutels.txt": SENTENCE.encode(),
        "zijstuk-sleutels.txt.yaml": b"".join(b"k%d: v\n" % n for n in range(6_000)),
        "zijstuk-opdracht.txt": SENTENCE.encode(),
        "zijstuk-opdracht.txt.yaml": b"title: !!python/object/apply:os.system ['touch /tmp/kb-ontsnapt']\n",
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    (folder / "koppeling.txt").symlink_to(secret)
    (folder / "koppeling-map").symlink_to(secret.parent, target_is_directory=True)
    (folder / "koppeling-zelf.txt").symlink_to(folder / "koppeling-zelf.txt")
    (folder / "koppeling-zijstuk.txt").write_text(SENTENCE)
    (folder / "koppeling-zijstuk.txt.yaml").symlink_to(secret)
    os.mkfifo(folder / "pijp.txt")
    with (folder / "leeg-terabyte.pdf").open("wb") as file:
        file.truncate(2**40)


def _outside(server: str, secret: Path) -> str:
    return f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}"><!ENTITY g SYSTEM "{server}/g">]>'


def main() -> int:
    """Write the stored files anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in STORED.items():
        (FOLDER / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())

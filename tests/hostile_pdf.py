"""Hostile PDFs, each a function of nothing: bombs, loops, lies about counts and lengths, odd fonts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

TEXT = b"BT /F 12 Tf 72 700 Td (Een gewone regel tekst van de gemeente) Tj ET"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>%s>>/Contents 4 0 R%s>>"
_CODES = b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange "


def pdf(objects: Mapping[int, bytes], *, trailer: bytes = b"") -> bytes:
    """A PDF of these objects; number 1 is its root."""
    out, places = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = max(objects) + 1
    lines = [
        b"%010d 00000 n \n" % places[n] if n in places else b"0000000000 65535 f \n" for n in range(1, size)
    ]
    table = b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(lines)
    return (
        out
        + table
        + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(out))
    )


def stream(data: bytes, *, words: bytes = b"", packed: bool = False) -> bytes:
    """A stream object, packed with Flate if asked."""
    data = zlib.compress(data, 9) if packed else data
    filters = b"/Filter/FlateDecode" if packed else b""
    return b"<<%s%s/Length %d>>stream\n%s\nendstream" % (words, filters, len(data), data)


def page(*, resources: bytes = b"", more: bytes = b"") -> bytes:
    """A page object with the font F."""
    return _PAGE % (resources, more)


def one_page(changes: Mapping[int, bytes] | None = None) -> bytes:
    """A PDF with one page of one line, some of its objects changed."""
    return pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page(),
            4: stream(TEXT),
            5: FONT,
            **(changes or {}),
        }
    )


def endless_page() -> bytes:
    """A page that draws ten forms, of which each draws ten, and so on: nobody waits for its end."""
    forms = {
        number: stream(
            b"/X Do " * 10 if number < 21 else b"0 0 9 9 re f ",
            words=b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</X %d 0 R>>>>"
            % (number + 1),
        )
        for number in range(10, 22)
    }
    return one_page({3: page(resources=b"/XObject<</X 10 0 R>>"), 4: stream(b"/X Do " * 10), **forms})


def with_characters(table: bytes, *, widths: bytes = b"/DW 500") -> bytes:
    """A page in a font whose table of characters is this."""
    return one_page(
        {
            4: stream(b"BT /F 12 Tf 72 700 Td <0041004200430044> Tj ET"),
            5: b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode 6 0 R"
            b"/DescendantFonts[7 0 R]>>",
            6: stream(_CODES + table + b" endcmap", packed=True),
            7: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X%s>>" % widths,
        }
    )


def lzw_bomb() -> bytes:
    """Codes that each stand for one letter more than the one before."""
    bits = ""
    for turn in range(10):
        bits += format(256, "012b" if turn else "09b") + format(65, "09b")
        for code in range(258, 4_093):
            bits += format(code, f"0{9 if code < 511 else 10 if code < 1023 else 11 if code < 2047 else 12}b")
    bits += format(257, "012b")
    bits += "0" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return one_page({4: b"<</Length %d/Filter/LZWDecode>>stream\n%s\nendstream" % (len(packed), packed)})


def run_length_bomb() -> bytes:
    """Two bytes for each 128 letters."""
    packed = b"\x81A" * 20_000 + b"\x80"
    filters = b"/Filter[/RunLengthDecode/RunLengthDecode]"
    return one_page({4: b"<</Length %d%s>>stream\n%s\nendstream" % (len(packed), filters, packed)})


def flate_chain() -> bytes:
    """A hundred megabytes of spaces, packed three times over."""
    data = TEXT + b" " * 100_000_000
    for _ in range(3):
        data = zlib.compress(data, 9)
    names = b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"
    return one_page({4: b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), names, data)})


def half_packed() -> bytes:
    """Two pages, of which the first was packed and then lost its second half."""
    lines = b"\n".join(
        b"BT /F 12 Tf 72 %d Td (Regel %d, nummer %d van de tekst) Tj ET" % (800 - n * 7, n, n * 7919)
        for n in range(100)
    )
    whole = zlib.compress(lines)
    half = whole[: len(whole) // 2]
    return one_page(
        {
            2: b"<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>",
            4: b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(half), half),
            6: page().replace(b"4 0 R", b"7 0 R"),
            7: stream(TEXT),
        }
    )


def large_picture(width: int, height: int) -> bytes:
    """A page that is one picture of this size, by its own account."""
    picture = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Width %d/Height %d"
    return one_page(
        {
            3: page(resources=b"/XObject<</I 6 0 R>>"),
            4: stream(b"q 595 0 0 842 0 0 cm /I Do Q"),
            6: stream(bytes(3_000), words=picture % (width, height), packed=True),
        }
    )


def tree_of_trees() -> bytes:
    """Ten levels of ten references each, all to the same: ten thousand million pages."""
    levels = {n: b"<</Type/Pages/Count 1/Kids[%s]>>" % (b"%d 0 R " % (n + 1) * 10) for n in range(10, 20)}
    return one_page(
        {1: b"<</Type/Catalog/Pages 10 0 R>>", **levels, 20: b"<</Type/Pages/Kids[3 0 R]/Count 1>>"}
    )


PDFS: Mapping[str, bytes] = {
    "pagina-kringloop.pdf": one_page({2: b"<</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Count 3>>"}),
    "telling-miljard.pdf": one_page({2: b"<</Type/Pages/Kids[3 0 R]/Count 1000000000>>"}),
    "telling-nul.pdf": one_page({2: b"<</Type/Pages/Kids[3 0 R]/Count 0>>"}),
    "pagina-ontbreekt.pdf": one_page({2: b"<</Type/Pages/Kids[3 0 R 99 0 R]/Count 2>>"}),
    "boom-van-bomen.pdf": tree_of_trees(),
    "tienduizend-paginas.pdf": one_page({2: b"<</Type/Pages/Kids[%s]/Count 10000>>" % (b"3 0 R " * 10_000)}),
    "flate-keten.pdf": flate_chain(),
    "lzw-bom.pdf": lzw_bomb(),
    "runlength-bom.pdf": run_length_bomb(),
    "half-uitgepakt.pdf": half_packed(),
    "formulier-in-zichzelf.pdf": one_page(
        {
            3: page(resources=b"/XObject<</X 6 0 R>>"),
            4: stream(TEXT + b" /X Do"),
            6: stream(
                b"/X Do /X Do",
                words=b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>",
            ),
        }
    ),
    "tekening-ontbreekt.pdf": one_page({4: stream(TEXT + b" /X Do")}),
    "inhoud-ontbreekt.pdf": one_page({3: page().replace(b"4 0 R", b"77 0 R")}),
    "letters-vier-miljard.pdf": with_characters(b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange"),
    "letters-surrogaten.pdf": with_characters(b"1 beginbfrange <0000> <FFFF> <D800> endbfrange"),
    "letters-lang.pdf": with_characters(
        b"1 beginbfrange <0000> <FFFF> <" + b"0041" * 5_000 + b"> endbfrange"
    ),
    "breedtes-miljard.pdf": with_characters(
        b"1 beginbfrange <0000> <00FF> <0041> endbfrange", widths=b"/W[0 1000000000 500]"
    ),
    "lijsten-diep.pdf": one_page({3: page(more=b"/Z " + b"[" * 50_000)}),
    "voorspeller-breed.pdf": one_page(
        {
            4: b"<</Length 11/Filter/FlateDecode"
            b"/DecodeParms<</Predictor 15/Columns 1000000000/Colors 1000000>>>>stream\n"
            + zlib.compress(b"x" * 30)
            + b"\nendstream"
        }
    ),
    "filters-duizend.pdf": one_page(
        {4: b"<</Length 5/Filter[" + b"/FlateDecode" * 1_000 + b"]>>stream\nabcde\nendstream"}
    ),
    "inhoudsopgave-kringloop.pdf": one_page(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/Outlines 8 0 R>>",
            8: b"<</First 9 0 R/Last 9 0 R>>",
            9: b"<</Title(Een)/Next 9 0 R/First 9 0 R/Dest[3 0 R/Fit]>>",
        }
    ),
    "bijlagen-kringloop.pdf": one_page(
        {
            1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 8 0 R>>>>",
            8: b"<</Kids[8 0 R 8 0 R]>>",
        }
    ),
    "getal-lang.pdf": one_page({3: page().replace(b"595", b"9" * 6_000)}),
    "lengte-van-zichzelf.pdf": one_page({4: b"<</Length 4 0 R>>stream\n" + TEXT + b"\nendstream"}),
    "plaat-gigapixel.pdf": large_picture(100_000, 100_000),
    "vorige-kringloop.pdf": pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page(),
            4: stream(TEXT),
            5: FONT,
        },
        trailer=b"/Prev 9",
    ),
}

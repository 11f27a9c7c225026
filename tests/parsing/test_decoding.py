"""Whatever a text was saved in, its letters come out as they were typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import DamagedFile, TooLarge
from kb.parsing.decoding import decode, read_bytes
from kb.parsing.reading import Limits

DUTCH = "Beste collega’s, de coöperatie heeft één idee over financiële zaken – privé geïnd voor € 100."
# Without the signs that DOS and the first Macintoshes did not have.
PLAIN = DUTCH.replace("’", "'").replace("–", "-").replace("€", "EUR")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_dutch_survives_every_common_encoding(encoding: str) -> None:
    assert decode(DUTCH.encode(encoding)) == DUTCH


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "iso8859_15"])
def test_dutch_survives_old_encodings(encoding: str) -> None:
    assert decode(PLAIN.encode(encoding)) == PLAIN


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Привет, мир! Вчера приехали гости."),
        ("shift_jis", "これは日本語の文章です。会議の記録を残します。"),
    ],
)
def test_other_alphabets_are_recognised(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_declared_encoding_is_taken_as_browsers_take_it() -> None:
    assert decode("‘één’".encode("cp1252"), declared="iso-8859-1") == "‘één’"


def test_an_unknown_declared_encoding_is_no_failure() -> None:
    assert decode("één".encode(), declared="x-bestaat-niet") == "één"


def test_a_stray_byte_does_not_change_the_other_letters() -> None:
    assert decode("één, twee, drieën ".encode() + "café".encode("cp1252")) == "één, twee, drieën café"


def test_lines_end_the_same_way() -> None:
    assert decode(b"een\r\ntwee\rdrie\n") == "een\ntwee\ndrie\n"


def test_binary_content_is_refused(files: Path) -> None:
    with pytest.raises(DamagedFile, match="binary"):
        decode((files / "text" / "binair.txt").read_bytes())


def test_a_picture_called_txt_is_refused() -> None:
    with pytest.raises(DamagedFile, match="binary"):
        decode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4)


def test_more_text_than_the_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lang.txt"
    file.write_text("woord " * 100)
    with pytest.raises(TooLarge, match="600 bytes"):
        read_bytes(file, Limits(text_bytes=599))

"""A mail is its headers, its body and what it quotes; attachments are told, not read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kb.errors import DamagedFile
from kb.parsing.mail import read_mail
from kb.parsing.reading import Reading, ReadOptions


@pytest.fixture(scope="module")
def invitation() -> Reading:
    return read_mail(Path(__file__).parents[1] / "files" / "text" / "uitnodiging.eml", ReadOptions())


def test_subject_is_the_title_and_the_heading(invitation: Reading) -> None:
    assert invitation.metadata.title == "Uitnodiging themamiddag coöperatie"
    assert {block.locator.headings for block in invitation.blocks} == {
        ("Uitnodiging themamiddag coöperatie",)
    }


def test_day_of_sending_is_certain(invitation: Reading) -> None:
    assert invitation.metadata.date == dt.date(2024, 5, 28)


def test_sender_and_body_are_read_in_their_encoding(invitation: Reading) -> None:
    texts = [block.text for block in invitation.blocks]
    assert "From: Joke Terpstra <joke@kring.example>" in texts
    assert "Graag nodig ik u uit voor de coöperatie." in texts


def test_quoted_replies_stand_by_themselves(invitation: Reading) -> None:
    texts = [block.text for block in invitation.blocks]
    assert "Eerder schreef u: wij komen graag." in texts
    assert not any(text.startswith(">") for text in texts)


def test_attachments_are_gaps_with_their_name(invitation: Reading) -> None:
    assert [(gap.code, "programma.pdf" in gap.message) for gap in invitation.gaps] == [("attachment", True)]


def test_html_body_is_read_when_there_is_no_other(files: Path) -> None:
    reading = read_mail(files / "text" / "alleen-html.eml", ReadOptions())
    last = reading.blocks[-1]
    assert last.text == "Er zijn elf vacatures in de regio."
    assert last.locator.headings == ("Nieuwsbrief", "Vacatures")
    assert reading.metadata.date is None
    assert not any("color" in block.text for block in reading.blocks)


def test_something_else_called_eml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "geen.eml"
    file.write_text("Dit is gewoon tekst.\n")
    with pytest.raises(DamagedFile, match="headers"):
        read_mail(file, ReadOptions())


def test_malformed_headers_do_not_hide_the_body(tmp_path: Path) -> None:
    file = tmp_path / "kapot.eml"
    file.write_text("From: <<<>>>@@,;:\nSubject: =?utf-8?b?!!!?=\nDate: Mon, 99 Foo\n\nDe inhoud telt.\n")
    assert read_mail(file, ReadOptions()).blocks[-1].text == "De inhoud telt."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("eml-utf16_fake-email-utf-16.eml", "Roses are red"),
        ("eml-nonutf8_email-no-utf8-2014-03-17.111517.eml", "was recently changed"),
        ("eml-attachment_fake-email-attachment.eml", "Lots of whitespace"),
    ],
)
def test_awkward_mails_are_read(shared: Path, name: str, words: str) -> None:
    reading = read_mail(shared / "awkward/tricky" / name, ReadOptions())
    assert any(words in block.text for block in reading.blocks)
    assert reading.metadata.date is not None


def test_lines_that_flow_on_are_one_paragraph(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    head = "Subject: Verslag\nContent-Type: text/plain; format=flowed; delsp=yes\n\n"
    file.write_text(head + "Een adres: https://voorbeeld.example/ \nverslag\nTweede regel.\n")
    assert (
        read_mail(file, ReadOptions())
        .blocks[1]
        .text.startswith("Een adres: https://voorbeeld.example/verslag")
    )


def test_a_reply_right_below_a_quote_is_not_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_text("Subject: Vraag\n\n> Komt u ook naar de bijeenkomst van morgen?\nja, ik kom graag.\n")
    texts = [block.text for block in read_mail(file, ReadOptions()).blocks[1:]]
    assert texts == ["Komt u ook naar de bijeenkomst van morgen?", "ja, ik kom graag."]


def test_text_below_a_picture_is_read_too_and_a_forwarded_mail_is_told(tmp_path: Path) -> None:
    mail = tmp_path / "verslag.eml"
    mail.write_text(
        "From: griffier@example.org\nSubject: Verslag\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="x"\n\n'
        "--x\nContent-Type: text/plain\n\nBoven de foto.\n"
        "--x\nContent-Type: image/png\nContent-Disposition: inline; filename=foto.png\n\nAA\n"
        '--x\nContent-Type: multipart/alternative; boundary="y"\n\n'
        "--y\nContent-Type: text/plain\n\nOnder de foto.\n"
        "--y\nContent-Type: text/html\n\n<p>Dubbel</p>\n--y--\n"
        "--x\nContent-Type: message/rfc822\n\nFrom: a@example.org\nSubject: Doorgestuurd\n\nOud.\n"
        "--x--\n"
    )
    reading = read_mail(mail, ReadOptions())
    assert [block.text for block in reading.blocks][-2:] == ["Boven de foto.", "Onder de foto."]
    assert [gap.code for gap in reading.gaps] == ["attachment", "attachment"]

"""The suppression list as a file: what it may say, what is wrong with it, and what holds meanwhile."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from kb.errors import InvalidPrivacyList, SettingsError
from kb.knowledge_base import KnowledgeBase
from kb.privacy import PrivacyList
from kb.privacy.live import LivePrivacy
from kb.privacy.reading import read_privacy_list
from kb.settings import Settings

WHOLE = """\
# Wat niet meer mag worden getoond
mask:
  - name: Odilia Wintergroen
    also: [O. Wintergroen, Wintergroen-Kist]
    reason: verzoek van Odilia Wintergroen
    date: 2026-11-25
  - adres: Dorpsstraat 1
    reden: woonadres
    datum: 2026-11-26
withhold:
  - path: 2019/Verslag É.pdf
    reason: niet openbaar (2019/Verslag É.pdf)
    date: 2026-11-25
  - glob: "concept/**"
    reason: concepten
    date: 2026-11-25
  - document: 4be1a0c3d92f7765
    reason: dubbel
    date: 2026-11-25
keep: [info@waterrijk.nl, "0600-123456"]
"""


def read(tmp_path: Path, text: str | bytes) -> PrivacyList:
    file = tmp_path / "privacy.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_privacy_list(file, contacts="on")


def test_a_list_says_what_to_mask_withhold_and_keep(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    assert [one.texts for one in found.mask] == [
        ("Odilia Wintergroen", "O. Wintergroen", "Wintergroen-Kist"),
        ("Dorpsstraat 1",),
    ]
    assert found.shown("O. WINTERGROEN, Dorpsstraat 1: o@waterrijk.nl, INFO@waterrijk.nl, 030 286 00 00") == (
        "•. •••••••••••, ••••••••••• •: •@•••••••••.••, INFO@waterrijk.nl, ••• ••• •• ••"
    )
    for path in ("2019/Verslag É.pdf", "2019/verslag E\u0301.PDF", "concept/a/b.txt", "concept/a.txt"):
        assert found.why_withheld(path, "0" * 16), path
    for path in ("2019/Verslag É.pdf.txt", "concept.txt", "x/concept/a.txt"):
        assert not found.why_withheld(path, "0" * 16), path
    assert found.why_withheld("x.txt", "4be1a0c3d92f7765")


def test_a_reason_is_told_without_what_it_is_about(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    reasons = [found.reason_of(one) for one in (*found.mask, *found.withhold)]
    assert reasons[:2] == ["verzoek van •••••• •••••••••••", "woonadres"]
    assert "Verslag" not in reasons[2]
    assert reasons[3:] == ["concepten", "dubbel"]


@pytest.mark.parametrize(
    "text", ["", "# niets\n", "mask:\nwithhold:\nkeep:\n", "mask: []\n", "\ufeffmask: []\n"]
)
def test_a_list_may_say_nothing(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert not found.digest
    assert not found.names


TELLS = "reason: r\n    date: 2026-11-25\n"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("- x\n", 1, "here must stand keys with values"),
        ("masks: []\n", 1, "did you mean mask?"),
        ("\nmask: x\n", 2, "here must stand a list"),
        (f"mask:\n  - naem: Jan Bakker\n    {TELLS}", 2, "did you mean name?"),
        (f"mask:\n  - name: Jan Bakker\n    address: x y z\n    {TELLS}", 2, "one of both"),
        (f"mask:\n  - {TELLS}", 2, "one of both"),
        ("mask:\n  - name: Jan Bakker\n    date: 2026-11-25\n", 2, "the reason is missing"),
        ("mask:\n  - name: Jan Bakker\n    reason: r\n", 2, "the date is missing"),
        ("mask:\n  - name: Jan Bakker\n    reason: r\n    date: 25-11-2026\n", 4, "this is no date"),
        ("mask:\n  - name: Jan Bakker\n    reason: r\n    date: 2026-02-30\n", 4, "this is no date"),
        (f"mask:\n  - name: J.\n    {TELLS}", 2, "has at least 3 letters"),
        (f"mask:\n  - name: Jan Bakker\n    also: [x]\n    {TELLS}", 3, "has at least 3 letters"),
        (f"mask:\n  - name:\n    {TELLS}", 2, "here stands nothing"),
        (f"mask:\n  - name: [Jan]\n    {TELLS}", 2, "here must stand one text"),
        (f"mask:\n  - name: Jan Bakker\n    name: Piet\n    {TELLS}", 3, "stands here twice"),
        (f"withhold:\n  - {TELLS}", 2, "one of these"),
        (f"withhold:\n  - path: a\n    glob: b/*\n    {TELLS}", 2, "one of these"),
        (f"withhold:\n  - path: /etc/passwd\n    {TELLS}", 2, "write the path within the folder"),
        (f"withhold:\n  - path: a/../b\n    {TELLS}", 2, "write the path within the folder"),
        (f"withhold:\n  - path: C:/x.pdf\n    {TELLS}", 2, "write the path within the folder"),
        (f"withhold:\n  - path: a\\b.pdf\n    {TELLS}", 2, "write folders with /"),
        (f"withhold:\n  - path: map/\n    {TELLS}", 2, "for more of them write `glob:`"),
        (f"withhold:\n  - path: a*.pdf\n    {TELLS}", 2, "for more of them write `glob:`"),
        (f'withhold:\n  - glob: "**"\n    {TELLS}', 2, "a glob has letters"),
        (f'withhold:\n  - glob: "a[bc]"\n    {TELLS}', 2, "a glob has letters"),
        (f"withhold:\n  - document: x\n    {TELLS}", 2, "a document's id has 16"),
        ("keep: [waterrijk]\n", 1, "this is neither"),
        ("mask:\n  - name: 'Jan\n", 3, "this is no YAML"),
        ("a: &x [1]\nb: *x\n", 2, "this is no YAML"),
        ("mask: [}\n", 1, "this is no YAML"),
        (b"\xff\xfe\x00", 1, "it is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_its_words(
    tmp_path: Path, text: str | bytes, line: int, told: str
) -> None:
    with pytest.raises(InvalidPrivacyList) as refused:
        read(tmp_path, text)
    message = str(refused.value)
    assert f"line {line}: " in message
    assert told in message
    assert not [word for word in ("Jan Bakker", "Piet", "passwd") if word in message]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidPrivacyList) as refused:
        read(tmp_path, "mask:\n  - name: Jan\nwithhold:\n  - path: /x\nkeep: [y]\n")
    assert [part.split(":")[0] for part in str(refused.value).splitlines()[1:]] == [
        "  line 2", "  line 2", "  line 4", "  line 4", "  line 4", "  line 5",
    ]  # fmt: skip


def home(tmp_path: Path, text: str | None) -> Settings:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    settings.corpus.mkdir(exist_ok=True)
    settings.indexes.mkdir(exist_ok=True)
    if text is not None:
        write(settings, text)
    return settings


def write(settings: Settings, text: str) -> None:
    """As an editor saves it: another file in its place."""
    part = settings.corpus / "privacy.yaml.part"
    part.write_text(text, encoding="utf-8")
    part.replace(settings.privacy_file)


ONE = f"mask:\n  - name: Jan Bakker\n    {TELLS}"


def test_a_list_that_changes_is_read_again_without_a_restart(tmp_path: Path) -> None:
    settings = home(tmp_path, None)
    live = LivePrivacy(settings, quiet_seconds=0)
    told: list[PrivacyList] = []
    live.on_change(told.append)
    assert live.get().shown("Jan Bakker") == "Jan Bakker"
    write(settings, ONE)
    assert live.get().shown("Jan Bakker") == "••• ••••••"
    assert live.get() is live.get()
    assert told == [live.get()]
    write(settings, "mask: []\n")
    assert live.get().shown("Jan Bakker") == "Jan Bakker"
    assert live.failure is None


def test_a_list_that_is_half_written_unmasks_nothing(tmp_path: Path) -> None:
    settings = home(tmp_path, ONE)
    live = LivePrivacy(settings, quiet_seconds=1.0)
    two = ONE + ONE.removeprefix("mask:\n").replace("Jan Bakker", "Piet Klaassen")
    # An editor that empties the file and then fills it, slowly.
    for text in ("", two[: len(ONE)].replace("Jan Bakker", "Piet Klaassen"), two):
        settings.privacy_file.write_text(text, encoding="utf-8")
        assert live.get().shown("Jan Bakker") == "••• ••••••"
        assert live.get() is live.get()
    assert live.get().shown("Piet Klaassen") == "•••• ••••••••"
    settings.privacy_file.write_text("", encoding="utf-8")
    assert live.get().shown("Jan Bakker") == "••• ••••••"
    deadline = time.monotonic() + 30
    while live.get().names and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live.get().shown("Jan Bakker") == "Jan Bakker"


@pytest.mark.parametrize("broken", ["mask: [", None, "folder"])
def test_a_broken_list_never_unmasks(
    tmp_path: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    settings = home(tmp_path, ONE)
    live = LivePrivacy(settings)
    settings.privacy_file.unlink()
    if broken == "folder":
        settings.privacy_file.mkdir()
    elif broken:
        write(settings, broken)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert live.get().shown("Jan Bakker") == "••• ••••••"
    assert len(caplog.records) == 1
    assert "still holds" in caplog.text
    assert "Bakker" not in caplog.text
    assert live.failure
    # A start has no list to go on with.
    with pytest.raises(InvalidPrivacyList, match=r"privacy\.yaml"):
        KnowledgeBase(settings)
    if broken == "folder":
        settings.privacy_file.rmdir()
    write(settings, ONE)
    assert live.failure is None
    KnowledgeBase(settings)


def test_a_list_that_is_gone_is_missed_until_an_empty_one_takes_its_place(tmp_path: Path) -> None:
    settings = home(tmp_path, ONE)
    LivePrivacy(settings)
    settings.privacy_file.unlink()
    with pytest.raises(SettingsError, match="is gone"):
        LivePrivacy(settings)
    write(settings, "")
    LivePrivacy(settings)
    settings.privacy_file.unlink()
    assert not LivePrivacy(settings).get().names


@pytest.mark.parametrize("name", ["privacy.yml", "Privacy.yaml", "privacy.yaml.txt"])
def test_a_list_by_another_name_is_not_passed_over_in_silence(tmp_path: Path, name: str) -> None:
    settings = home(tmp_path, None)
    (settings.corpus / name).write_text(ONE)
    with pytest.raises(InvalidPrivacyList, match=r"rename it to privacy\.yaml"):
        LivePrivacy(settings)
    (settings.corpus / "privacy.yaml").write_text(ONE)
    assert LivePrivacy(settings).get().names


def test_contacts_are_masked_unless_that_is_off(tmp_path: Path) -> None:
    settings = home(tmp_path, None)
    off = settings.model_copy(update={"mask_contacts": "off"})
    assert LivePrivacy(settings).get().shown("jan@waterrijk.nl") == "•••@•••••••••.••"
    assert LivePrivacy(off).get().shown("jan@waterrijk.nl") == "jan@waterrijk.nl"

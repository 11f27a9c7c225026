"""Promises about sending a file: whatever comes over the wire, it is added whole or not at all."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.administrator import Ask, upload
from tests.api.conftest import served


def test_a_name_that_is_taken_is_left_as_it_is(ask: Ask, home: Settings) -> None:
    before = (home.corpus / "besluiten.md").read_bytes()
    same = upload(ask, "../besluiten.md", before)
    assert same.status_code == 409
    assert "the same content" in same.json()["detail"]
    assert upload(ask, "besluiten.md", b"anders").status_code == 409
    assert (home.corpus / "besluiten.md").read_bytes() == before


def test_of_two_at_once_with_one_name_one_is_added(ask: Ask, home: Settings) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def send(number: int) -> int:
        return upload(ask, "tegelijk.md", f"inhoud {number}".encode() * 1_000).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(send, range(8)))
    assert answers == [201] + [409] * 7
    assert len({(home.corpus / "tegelijk.md").read_bytes()[:8]}) == 1
    (home.corpus / "tegelijk.md").unlink()


@pytest.mark.parametrize(
    ("form", "status", "faults"),
    [
        (("a.exe", b"MZ", {}), 415, []),
        (("a.pdf", b"tekst", {}), 400, [("/file", "damaged")]),
        (("a.md", b"%PDF-1.4", {}), 400, [("/file", "misnamed")]),
        (("_event.yaml", b"x", {"folder": ".."}), 400, [("/file", "name"), ("/folder", "path")]),
        (("a.md", b"x", {"map": "x", "folder": "y"}), 400, [("/map", "unknown-parameter")]),
        (("a.md", b"x" * 1_000_001, {}), 413, []),
        (("a.md", b"x" * 3_000_000, {}), 413, []),
        (("a.md", b"x", {"folder": "y" * 5_000}), 400, [("/folder", "too-long")]),
    ],
)
def test_a_file_that_cannot_be_added_says_why_and_leaves_nothing(
    ask: Ask,
    home: Settings,
    form: tuple[str, bytes, dict[str, str]],
    status: int,
    faults: list[tuple[str, str]],
) -> None:
    before = sorted(home.corpus.rglob("*"))
    name, content, fields = form
    answer = upload(ask, name, content, **fields)
    assert answer.status_code == status, answer.text
    told = [(fault["location"], fault["code"]) for fault in answer.json().get("errors", [])]
    assert told == faults
    assert sorted(home.corpus.rglob("*")) == before


def raw(service: str, secret: str, head: str, *parts: bytes, leaves: bool = False) -> bytes:
    """What the service answers to a request of our own making."""
    host, port = service.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            f"POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n{head}\r\n".encode()
        )
        for part in parts:
            connection.sendall(part)
        if leaves:
            time.sleep(0.2)
            return b""
        answer = b""
        while more := connection.recv(65_536):
            answer += more
            if b"\r\n\r\n" in answer and answer.endswith(b"}"):
                break
        return answer


FORM = "Content-Type: multipart/form-data; boundary=grens\r\n"
FILE = b'--grens\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\nhallo'


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (FORM, b"", 400),
        (FORM, b"geen formulier", 400),
        (FORM, FILE, 400),
        (FORM, FILE + b"\r\n--grens", 400),
        (FORM, b"--grens\r\n" + b"X: y\r\n" * 20 + b"\r\n", 400),
        (FORM, b"--grens\r\nX: " + b"y" * 10_000 + b"\r\n", 400),
        (FORM, (FILE + b"\r\n") * 20, 400),
        (FORM, FILE + b"\r\n" + FILE + b"\r\n--grens--\r\n", 400),
        (FORM.replace("grens", "g" * 300), FILE, 400),
        ("Content-Type: multipart/form-data\r\n", FILE, 400),
        ("Content-Type: application/json\r\n", b"{}", 415),
        ("", b"", 415),
    ],
)
def test_a_broken_form_is_refused(
    service: str, secrets: Mapping[str, str], home: Settings, head: str, body: bytes, status: int
) -> None:
    before = sorted(home.corpus.rglob("*"))
    answer = raw(service, secrets["admin"], f"{head}Content-Length: {len(body)}\r\n", body)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"application/problem+json" in answer
    assert sorted(home.corpus.rglob("*")) == before


def test_a_file_without_a_declared_length_is_bounded_too(
    service: str, secrets: Mapping[str, str], home: Settings
) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    start = f"{len(FILE):x}\r\n".encode() + FILE + b"\r\n"
    answer = raw(service, secrets["admin"], f"{FORM}Transfer-Encoding: chunked\r\n", start, *[chunk] * 17)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert not list(home.corpus.glob(".upload-*"))


def test_a_client_that_stalls_or_leaves_leaves_nothing_behind(
    service: str, secrets: Mapping[str, str], home: Settings
) -> None:
    started = time.monotonic()
    answer = raw(service, secrets["admin"], f"{FORM}Content-Length: 100000\r\n", FILE)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 20
    raw(service, secrets["admin"], f"{FORM}Content-Length: 100000\r\n", FILE, leaves=True)
    deadline = time.monotonic() + 10
    while list(home.corpus.glob(".upload-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not (home.corpus / "a.md").exists()


def test_an_upload_without_a_key_is_not_read(service: str) -> None:
    answer = raw(service, "kb_verkeerd", f"{FORM}Content-Length: 900000\r\n", FILE)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    ("filename", "path"),
    [
        (b"../../etc/verslag.md", "verslag.md"),
        (b"C:\\map\\verslag.md", "verslag.md"),
        (b"\xe2\x80\xaeverslag.md", "verslag.md"),
        (b".verslag.md", "verslag.md"),
        (b"cafe\xcc\x81.md", "caf\xe9.md"),
        (b"nul.md", "_nul.md"),
        (b"\xff\xfe.md", "\ufffd\ufffd.md"),
        (b"x" * 1_000 + b".md", "x" * 147 + ".md"),
        (b"%2e%2e%2fx.md", "%2e%2e%2fx.md"),
    ],
)
def test_a_hostile_name_becomes_a_harmless_one(
    service: str, secrets: Mapping[str, str], home: Settings, filename: bytes, path: str
) -> None:
    body = FILE.replace(b"a.md", filename) + b"\r\n--grens--\r\n"
    answer = raw(service, secrets["admin"], f"{FORM}Content-Length: {len(body)}\r\n", body)
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert f'"path":"{path}"'.encode() in answer
    assert (home.corpus / path).read_text() == "hallo"
    (home.corpus / path).unlink()


def test_a_full_disk_is_told_with_what_to_do(small_disk: Path, tmp_path: Path) -> None:
    settings = Settings(corpus=small_disk, indexes=tmp_path / "indexes")
    _, secret = Keys(settings.keys_file).create("a", [Scope.ADMIN])
    headers = {"authorization": f"Bearer {secret}"}
    with served(create_app(KnowledgeBase(settings))) as address:
        form = {"file": ("groot.md", b"woord " * 500_000)}
        answer = httpx2.post(f"{address}/v1/documents", files=form, headers=headers, timeout=30)
        assert answer.status_code == 507
        assert "Free space" in answer.json()["detail"]
        assert not list(small_disk.iterdir())
        small = {"file": ("klein.md", b"woord")}
        assert httpx2.post(f"{address}/v1/documents", files=small, headers=headers).status_code == 201

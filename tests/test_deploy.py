"""Promises of deploy/: each file does what it says, tried with the programs that it is for."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from kb.settings import PREFIX, Settings
from tests.api.administrator import make_home
from tests.serving import Service, serving


@pytest.fixture(scope="module")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_unit_and_finds_it_hardened(deploy: Path, tmp_path: Path) -> None:
    unit = (deploy / "kennisbank.service").read_text()
    assert "ExecStart=/opt/kennisbank/.venv/bin/kb serve" in unit
    # Where the program itself is not installed, verifying stops at that.
    copy = tmp_path / "kennisbank.service"
    copy.write_text(unit.replace("/opt/kennisbank/.venv/bin/kb serve", shutil.which("true") or "/bin/true"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, "kennisbank" in checked.stderr) == (0, False), checked.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-500:]


def test_the_environment_of_the_unit_holds_settings(deploy: Path) -> None:
    lines = (deploy / "kennisbank.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert all(name.startswith(PREFIX) for name in given)
    settings = Settings.load(given)
    assert settings.log_format == "json"
    assert settings.host == "127.0.0.1"


def test_the_container_copies_what_is_there_and_runs_without_root(deploy: Path, root: Path) -> None:
    text = (deploy / "Containerfile").read_text().replace("\\\n", " ")
    ignored = (root / ".containerignore").read_text().split()
    assert ignored[0] == "*"
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (root / source).exists(), source
            assert any(f"!{source}".startswith(kept) for kept in ignored), source
    # What root unpacks is for root alone; the service runs as another.
    unpacking = next(line for line in text.splitlines() if "default_model_folder" in line)
    assert unpacking.index("default_model_folder") < unpacking.index("chmod -R a+rX cache")
    last = text.rpartition("FROM ")[2]
    assert re.search(r"^USER [1-9]\d+$", last, re.MULTILINE)
    assert last.index("\nUSER") < last.index("\nENTRYPOINT")
    names = re.findall(rf"\b{PREFIX}\w+(?==)", last)
    assert {name.removeprefix(PREFIX).lower() for name in names} <= set(Settings.model_fields)
    assert "/v1/health/live" in last
    # The tag is of a release, so that two builds are alike.
    assert re.search(r"^ARG BASE=[a-z]+:(?!latest)\S+$", text, re.MULTILINE)


@pytest.fixture(scope="module")
def proxied(
    deploy: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, int, ssl.SSLContext]]:
    """A service, the port of nginx in front of it, and how its certificate is checked."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("proxied")
    settings = make_home(folder).model_copy(update={"log_format": "json", "rate_address": 100})
    with serving(settings, folder) as service:
        plain, secure = _free_port(), _free_port()
        configuration = _configured(deploy, folder, {"8000": service.port, "80": plain, "443": secure})
        with subprocess.Popen(["nginx", "-c", configuration], stderr=subprocess.PIPE) as nginx:
            try:
                service.until(lambda: _connects(secure))
                context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
                context.check_hostname = False
                yield service, secure, context
            finally:
                nginx.terminate()
                nginx.communicate(timeout=30)


Proxied = tuple[Service, int, ssl.SSLContext]


def test_nginx_takes_the_example_as_it_is(deploy: Path, tmp_path: Path) -> None:
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    ports = {"8000": 8000, "80": _free_port(), "443": _free_port()}
    done = subprocess.run(
        ["nginx", "-t", "-c", _configured(deploy, tmp_path, ports)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_a_search_goes_through_nginx_with_tls(proxied: Proxied) -> None:
    service, port, context = proxied
    with _client(port, context) as client:
        answer = client.get("/v1/search", params={"q": "lantaarnpalen"})
        assert answer.status_code == 200
        assert answer.json()["hits"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-content-type-options"] == "nosniff"
        given = client.get("/v1/health/live", headers={"X-Request-ID": "proef-0000009"})
        assert given.headers["x-request-id"] == "proef-0000009"
    # A request is logged when it has been answered.
    service.until(lambda: '"proef-0000009"' in service.log)


def test_nginx_passes_no_metrics_and_no_address_that_a_client_made_up(proxied: Proxied) -> None:
    service, port, context = proxied
    with _client(port, context) as client:
        assert client.get("/metrics").status_code == 404
        assert "kb_queries" not in client.get("/metrics/").text
        assert "kb_queries" not in client.get("//metrics").text
        # The service counts by address, and believes the one of the proxy alone.
        limited = [
            client.get("/v1/documents", headers={"X-Forwarded-For": f"192.0.2.{number}"}).headers
            for number in range(3)
        ]
    assert not any("ratelimit" in headers for headers in limited), "it comes from this machine"
    assert service.get("/metrics").status_code == 200


def test_nginx_logs_no_query(proxied: Proxied) -> None:
    service, port, context = proxied
    with _client(port, context) as client:
        answer = client.get(
            "/v1/search", params={"q": "vandenberggeheim"}, headers={"Referer": "https://x/?q=zz"}
        )
        bad = client.get("/v1/search", params={"q": "vandenberggeheim", "onbekend": "1"})
    assert (answer.status_code, bad.status_code) == (200, 400)
    logs = service.log_folder
    deadline = time.monotonic() + 30
    while answer.headers["x-request-id"] not in (logs / "kennisbank.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for file in logs.glob("*.log"):
        assert "vandenberggeheim" not in file.read_text(), file.name


def test_a_large_body_is_refused_by_nginx_but_where_files_are_added(proxied: Proxied) -> None:
    _, port, context = proxied
    with _client(port, context) as client:
        assert client.post("/v1/search", content=b"x" * 2_000_000).status_code == 413
        # These are the service's to judge.
        answer = client.post("/v1/documents", content=b"x" * 2_000_000)
        assert answer.headers["content-type"] == "application/problem+json"
        here = {"sec-fetch-site": "same-origin"}
        assert (
            "api-version" in client.post("/beheer/bestanden", content=b"x" * 2_000_000, headers=here).headers
        )


def _client(port: int, context: ssl.SSLContext) -> httpx2.Client:
    return httpx2.Client(base_url=f"https://127.0.0.1:{port}", verify=context, timeout=60)


def _configured(deploy: Path, folder: Path, ports: dict[str, int]) -> str:
    """nginx's configuration with ours in it, at other ports and folders, and a certificate for it."""
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kennisbank.example.org "
        "-addext subjectAltName=DNS:kennisbank.example.org -keyout privkey.pem -out fullchain.pem"
    )
    subprocess.run(command.split(), cwd=folder, capture_output=True, check=True)
    text = (deploy / "nginx.conf").read_text()
    for there, here in (
        ("/etc/ssl/kennisbank", str(folder)),
        ("/var/log/nginx", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{ports['8000']}"),
        ("listen 80;", f"listen {ports['80']};"),
        ("listen [::]:80;", f"listen [::]:{ports['80']};"),
        ("listen 443 ", f"listen {ports['443']} "),
        ("listen [::]:443 ", f"listen [::]:{ports['443']} "),
    ):
        assert there in text, there
        text = text.replace(there, here)
    (folder / "kennisbank.conf").write_text(text)
    places = " ".join(
        f"{name}_temp_path {folder / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/nginx-error.log;\ndaemon off;\nevents {{}}\n"
        f"http {{ {places} include {folder}/kennisbank.conf; }}\n"
    )
    return str(main)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True

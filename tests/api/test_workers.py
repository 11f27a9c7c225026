"""Promises of a service as processes: several workers are one service, and it stops in order."""

from __future__ import annotations

import collections
import concurrent.futures
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from kb.keys import Keys
from kb.settings import Settings
from tests.api.administrator import asking, make_home, make_secrets, until
from tests.api.test_metrics import samples, value
from tests.serving import Service, run_serve, serving


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service with two workers that watches its own corpus."""
    home = make_home(tmp_path_factory.mktemp("workers"))
    return home.model_copy(update={"workers": 2, "watch": "on", "drain_seconds": 1.5, "log_format": "json"})


@pytest.fixture(scope="module")
def keys(shared: Settings) -> Mapping[str, str]:
    return make_secrets(shared)


@pytest.fixture(scope="module")
def workers(
    shared: Settings, keys: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    assert keys
    with serving(shared, tmp_path_factory.mktemp("log")) as service:
        service.until(lambda: len(answering(service)) == 2)
        yield service


def answering(service: Service) -> set[object]:
    """The processes that answered a request so far; each call asks some more."""
    for _ in range(8):
        assert service.get("/v1/health/live").status_code == 200
    return {line["process"] for line in service.lines if line["logger"] == "api.access"}


def generations(service: Service) -> set[str]:
    """The generations that are answered from, whichever worker is asked."""
    return {service.get("/v1/status").json()["generation"] for _ in range(12)}


MISSED = {"method": "GET", "route": "/v1/documents/{id}", "status": "404"}


def miss(service: Service) -> int:
    """Ask for what is not there until every worker has said so; how often that was.

    Which of them answers is the kernel's choice: on a busy machine one may answer for long.
    """
    asked = 0
    seen = len(service.lines)

    def all_answered() -> bool:
        nonlocal asked
        asked += 1
        assert service.get("/v1/documents/0").status_code == 404
        missed = [line["process"] for line in service.lines[seen:] if line.get("status") == 404]
        return set(missed) == set(service.workers)

    service.until(all_answered)
    return asked


def test_the_numbers_of_all_workers_are_added_up(workers: Service) -> None:
    asked = miss(workers)
    for _ in range(6):
        found = samples(workers.get("/metrics").text)
        assert value(found, "kb_http_request_duration_seconds_count", **MISSED) == asked
        assert value(found, "kb_workers") == 2
        assert value(found, "kb_index_documents") == 1
        assert value(found, "kb_http_requests_running") == 1


def test_clients_who_come_together_are_parted_among_the_workers(workers: Service) -> None:
    clients = [socket.create_connection(("127.0.0.1", workers.port), timeout=60) for _ in range(40)]
    for number, client in enumerate(clients):
        head = f"GET /v1/health/live HTTP/1.1\r\nHost: x\r\nX-Request-ID: together-{number:03}\r\n\r\n"
        client.sendall(head.encode())
    for client in clients:
        assert client.recv(4_096).startswith(b"HTTP/1.1 200 ")
        client.close()

    def answered() -> list[object]:
        return [line["process"] for line in workers.lines if "together-" in str(line.get("requestId"))]

    workers.until(lambda: len(answered()) == 40)
    shares = collections.Counter(answered())
    assert set(shares) == set(workers.workers)
    assert min(shares.values()) >= 4


def test_one_of_the_workers_watches_and_all_answer_from_what_it_built(
    workers: Service, shared: Settings
) -> None:
    (before,) = generations(workers)
    (shared.corpus / "archief.md").write_text("# Archief\n\nHet archief verhuist in mei.\n")
    workers.until(lambda: before not in generations(workers))
    assert len(generations(workers)) == 1
    assert len([line for line in workers.lines if "the corpus has changed" in str(line["message"])]) == 1
    found = workers.get("/v1/search", params={"q": "archief"}).json()
    assert found["hits"][0]["document"]["title"] == "Archief"


def test_the_last_use_of_a_key_is_kept_by_whichever_worker_was_asked(
    workers: Service, shared: Settings, keys: Mapping[str, str]
) -> None:
    for scope in ("admin", "search"):
        ask = asking(workers.address, keys[scope])
        assert {ask("GET", "/documents").status_code for _ in range(8)} == {200}
    used = {key.name: key.last_used for key in Keys(shared.keys_file).all()}
    assert used["admin"]
    assert used["search"]
    assert used["members"] is None


def test_a_worker_that_dies_is_replaced(workers: Service) -> None:
    before = workers.workers
    assert len(before) == 2
    miss(workers)
    count = value(samples(workers.get("/metrics").text), "kb_http_request_duration_seconds_count", **MISSED)
    os.kill(before[0], signal.SIGKILL)
    workers.until(lambda: len(workers.workers) == 2 and before[0] not in workers.workers)
    (new,) = set(workers.workers) - set(before)
    workers.until(lambda: new in answering(workers))
    workers.until(lambda: workers.get("/v1/search", params={"q": "archief"}).status_code == 200)
    found = samples(workers.get("/metrics").text)
    assert value(found, "kb_workers") == 2
    # What the one that is gone has counted stays counted.
    assert value(found, "kb_http_request_duration_seconds_count", **MISSED) == count >= 2


def test_workers_stop_in_order(workers: Service) -> None:
    """The last test with this service."""
    pids = workers.workers
    stops_in_order(workers)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_single_process_stops_in_order(shared: Settings, tmp_path: Path) -> None:
    settings = shared.model_copy(update={"workers": 1})
    with serving(settings, tmp_path) as service:
        stops_in_order(service)


def stops_in_order(service: Service) -> None:
    """First it is not ready and answers; then it refuses who comes, and answers who was there; exit 0."""
    running, *stalled = [begin_search(service) for _ in range(4)]
    service.process.send_signal(signal.SIGTERM)
    service.until(lambda: service.get("/v1/health/ready").status_code == 503)
    assert service.get("/v1/health/live").status_code == 200
    assert service.get("/v1/search", params={"q": "archief"}).status_code == 200
    service.until(service.refuses)
    assert service.process.poll() is None
    with running:
        running.sendall(b'{"q": "a"}')
        answer = b""
        while part := running.recv(65_536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")
    # The others never send the rest.
    assert service.process.wait(40) == 0, service.log
    for client in stalled:
        client.close()
    assert "Traceback" not in service.log


def begin_search(service: Service) -> socket.socket:
    """A client that has sent the head of a request and not its body."""
    client = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    head = (
        "POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
    )
    client.sendall(head.encode())
    # Until it is being answered, and not only accepted.
    time.sleep(0.3)
    return client


def test_workers_stop_when_their_supervisor_is_killed(shared: Settings, tmp_path: Path) -> None:
    with serving(shared, tmp_path) as service:
        pids = service.workers
        service.process.kill()
        service.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        assert service.refuses()


def test_a_file_that_no_worker_could_read_is_told_once(shared: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "weights.json"
    broken.write_text("{}}")
    done = run_serve(shared.model_copy(update={"weights": broken}))
    assert done.returncode == 1
    assert "weights.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told_by_several_workers_too(shared: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run_serve(shared, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "address already in use" in done.stderr.lower()
    assert "Choose --port" in done.stderr


def test_thirty_searches_at_once_are_answered_with_their_second_stage(
    shared: Settings, tmp_path: Path
) -> None:
    def ask(number: int) -> httpx2.Response:
        return httpx2.get(f"{service.address}/v1/search", params={"q": f"besluit {number}"}, timeout=60)

    settings = shared.model_copy(update={"workers": 1, "watch": "off"})
    with serving(settings, tmp_path) as service, concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(ask, range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["secondStage"] for answer in answers} == {"lateInteraction"}

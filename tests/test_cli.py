from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.cli.listening import listen
from kb.embedding.unpacking import default_model_folder

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small corpus and its index, built by the command itself."""
    folder = tmp_path_factory.mktemp("cli")
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "verslag 2023-04-13.md").write_text(
        "# Verslag stuurgroep\n\n## Besluiten\n\nDe stuurgroep kiest één zaaksysteem voor alle gemeenten.\n"
    )
    (corpus / "kapot.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    return folder


@pytest.fixture(scope="module")
def kb(home: Path, root: Path) -> Run:
    """Runs the command in `home`."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
        return subprocess.run(
            [sys.executable, "-m", "kb", *arguments],
            capture_output=True,
            text=True,
            cwd=home,
            env={**environment, "PYTHONPATH": str(root), **variables},
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def built(kb: Run) -> dict[str, object]:
    done = kb("build", "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def test_help_answers_at_once_and_loads_nothing_heavy(kb: Run) -> None:
    script = "import sys; sys.argv = ['kb', '--help']\nfrom kb.cli import main\n"
    script += "try: main()\nexcept SystemExit: pass\n"
    script += "print(sorted({'torch', 'numpy', 'faiss', 'pydantic', 'fastapi', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    helps = kb("--help")
    assert helps.returncode == 0
    assert all(command in helps.stdout for command in ("build", "search", "serve", "status", "evaluate"))


def test_a_build_reports_what_was_read_and_left_out(built: dict[str, object]) -> None:
    assert (built["documents"], built["filesLeftOut"]) == (1, 1)
    files = {file["path"]: file for file in built["files"]}  # type: ignore[attr-defined]
    assert files["kapot.pdf"]["code"] == "damaged"
    assert files["verslag 2023-04-13.md"]["status"] == "read"


@pytest.mark.usefixtures("built")
def test_the_report_for_a_person_is_dutch(kb: Run) -> None:
    done = kb("build")
    assert done.returncode == 0
    assert "1 document, 1 passage in" in done.stdout
    told = "1 bestand niet opgenomen.\nNiet opgenomen:\n  kapot.pdf: het bestand is beschadigd of leeg;"
    assert told in done.stdout
    assert "1 ongewijzigd overgenomen" in done.stdout
    assert done.stderr
    assert "bestanden/s" not in done.stdout


@pytest.mark.usefixtures("built")
def test_a_build_if_stale_does_nothing_when_nothing_changed(kb: Run, home: Path) -> None:
    before = (home / "indexes" / "CURRENT").read_text()
    done = kb("build", "--if-stale")
    assert (done.returncode, done.stdout) == (0, "De index is bij.\n")
    assert (home / "indexes" / "CURRENT").read_text() == before


@pytest.mark.usefixtures("built")
def test_a_dry_run_tells_what_would_change_and_changes_nothing(kb: Run, home: Path) -> None:
    before = (home / "indexes" / "CURRENT").read_text()
    new = home / "corpus" / "nieuw.md"
    new.write_text("# Nieuw\n\nDe griffier vraagt om rust.\n")
    try:
        done = kb("build", "--dry-run")
        assert done.stdout.startswith("Proef: er is niets veranderd.\n1 document toegevoegd.")
        preview = json.loads(kb("build", "--dry-run", "--json").stdout)
        assert (preview["added"], preview["removed"]) == (["nieuw.md"], [])
    finally:
        new.unlink()
    assert (home / "indexes" / "CURRENT").read_text() == before


@pytest.mark.usefixtures("built")
def test_a_build_that_would_empty_the_index_is_refused_and_its_record_says_why(
    kb: Run, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "ander.md").write_text("# Iets anders\n\nDit is een andere map.\n")
    done = kb("build", "--corpus", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout.startswith("De nieuwe index is niet in gebruik genomen; de oude blijft.\n")
    assert "Verwijderd:\n  verslag 2023-04-13.md" in done.stdout
    assert "TooManyRemovals: 1 of 1 documents would be removed, more than 20%" in done.stderr
    assert "kb build --allow-removals" in done.stderr
    refused = kb("build", "--corpus", str(tmp_path), "--json")
    assert (refused.returncode, json.loads(refused.stdout)["removed"]) == (1, ["verslag 2023-04-13.md"])
    newest = max((home / "indexes" / ".builds").glob("*.json"))
    record = json.loads(newest.read_text())
    assert (record["state"], record["error"]["code"]) == ("refused", "too-many-removals")
    assert record["report"]["removed"] == ["verslag 2023-04-13.md"]
    told = kb("status").stdout
    assert re.search(
        r"^De bouwopdracht van .* is niet in gebruik genomen:\n  1 of 1 documents", told, re.MULTILINE
    )
    assert json.loads(kb("status", "--json").stdout)["lastBuild"]["state"] == "refused"


@pytest.mark.usefixtures("built")
def test_a_search_prints_the_passage_with_its_source(kb: Run) -> None:
    done = kb("search", "welk zaaksysteem is gekozen")
    assert done.returncode == 0, done.stderr
    assert "Verslag stuurgroep, 13 april 2023, § Besluiten" in done.stdout
    assert "De stuurgroep kiest één zaaksysteem voor alle gemeenten." in done.stdout
    assert re.search(r"^   relevantie: (sterk|matig|zwak|geen)$", done.stdout, re.MULTILINE)


@pytest.mark.usefixtures("built")
def test_a_search_for_scripts_is_json_alone(kb: Run) -> None:
    done = kb("search", "zaaksysteem", "--json", "--limit", "1", "--where", "kind=verslag")
    answered = json.loads(done.stdout)
    assert (answered["total"], answered["secondStage"]) == (1, "lateInteraction")
    (hit,) = answered["hits"]
    assert 0 <= hit["relevance"] <= 1
    assert hit["locator"]["headings"] == ["Verslag stuurgroep", "Besluiten"]
    assert hit["document"]["date"] == "2023-04-13"
    assert [hit["text"][start:end] for start, end in hit["highlights"]] == ["zaaksysteem"]


@pytest.mark.usefixtures("built")
def test_a_question_is_answered_word_for_word_or_not_at_all(kb: Run) -> None:
    done = kb("ask", "Welk zaaksysteem is er gekozen door de stuurgroep?", KB_ANSWER_FROM="0")
    assert done.returncode == 0, done.stderr
    assert "«De stuurgroep kiest één zaaksysteem voor alle gemeenten.»" in done.stdout
    assert "Verslag stuurgroep, 13 april 2023, § Besluiten" in done.stdout
    refused = json.loads(kb("ask", "Wie won de Elfstedentocht?", "--json", KB_ANSWER_FROM="1").stdout)
    assert (refused["answered"], refused["sentences"]) == (False, [])


@pytest.mark.usefixtures("built")
def test_hits_are_printed_in_the_forms_of_other_programs(kb: Run) -> None:
    (row,) = csv.DictReader(io.StringIO(kb("search", "zaaksysteem", "--format", "csv").stdout, newline=""))
    assert row["where"] == "§ Besluiten"
    assert row["text"] == json.loads(kb("search", "zaaksysteem", "--json").stdout)["hits"][0]["text"]
    (line,) = kb("search", "zaaksysteem", "--format", "jsonl").stdout.splitlines()
    assert json.loads(line)["passageId"] == row["passageId"]
    ris = kb("search", "zaaksysteem", "--format", "ris").stdout
    assert "N1  - Vindplaats: § Besluiten" in ris
    wrong = kb("search", "zaaksysteem", "--format", "xlsx")
    assert wrong.returncode == 2
    assert "csvExcel" in wrong.stderr


@pytest.mark.usefixtures("built")
def test_hits_are_grouped_by_document_on_request(kb: Run) -> None:
    grouped = json.loads(kb("search", "zaaksysteem", "--json", "--group-by", "document").stdout)
    assert (grouped["groupBy"], grouped["total"]) == ("document", 1)
    assert grouped["hits"][0]["morePassages"] == []
    assert kb("search", "zaaksysteem", "--group-by", "document").stdout.startswith("1 document voor")


def test_copies_and_further_passages_are_told_in_dutch(
    kb: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    decision = "De raad besluit na lang beraad om het archief in mei te verhuizen naar het streekarchief."
    sections = "".join(f"## Deel {number}\n\nHet archief in deel {number}.\n\n" for number in range(1, 4))
    (tmp_path / "verslag.md").write_text(f"# Verslag\n\n{sections}## Besluit\n\n{decision}\n")
    (tmp_path / "kopie.md").write_text(f"# Kopie\n\n## Besluit\n\n{decision} Akkoord.\n")
    (tmp_path / "los.md").write_text("# Los\n\n## Slot\n\nDe wethouder sluit de avond.\n")
    indexes = str(tmp_path_factory.mktemp("copies"))
    assert kb("build", "--corpus", str(tmp_path), "--indexes", indexes).returncode == 0
    within = json.loads(kb("search", "archief streekarchief", "--json", "--indexes", indexes).stdout)
    (hit,) = [hit for hit in within["hits"] if hit["alsoIn"]]
    assert [place["identical"] for place in hit["alsoIn"]] == [False]
    text = kb("search", "archief", "--group-by", "document", "--indexes", indexes).stdout
    assert "   vrijwel gelijk in: " in text
    assert re.search("^   nog [23] passages in dit document: § Deel 2; § Deel 3", text, re.MULTILINE)
    similar = json.loads(kb("similar", hit["passageId"], "--json", "--indexes", indexes).stdout)
    assert similar["passageId"] == hit["passageId"]
    sources = {found["document"]["source"] for found in similar["passages"]}
    assert "los.md" in sources
    assert hit["document"]["source"] not in sources
    told = kb("similar", hit["passageId"], "--limit", "1", "--indexes", indexes).stdout
    assert told.startswith("1 vergelijkbare passage\n\n1. ")


@pytest.mark.usefixtures("built")
def test_status_says_what_the_index_holds_and_what_was_left_out(kb: Run) -> None:
    text = kb("status").stdout
    assert "1 document, 1 passage" in text
    assert "kapot.pdf" in text
    status = json.loads(kb("status", "--json").stdout)
    assert (status["documents"], status["model"]) == (1, "multilingual-e5-small")
    assert status["generation"] in status["generations"]


@pytest.mark.usefixtures("built")
def test_an_evaluation_tells_how_often_the_right_passage_is_found(kb: Run, home: Path) -> None:
    questions = home / "questions.jsonl"
    answer = {"file": "x", "quote": "kiest één zaaksysteem voor alle gemeenten", "page": None}
    questions.write_text(
        json.dumps(
            {"id": "1", "question": "Welk systeem?", "lang": "nl", "style": "question", "answers": [answer]}
        )
    )
    measured = json.loads(kb("evaluate", str(questions), "--json").stdout)
    assert measured["measures"]["recallAt1"] == 1.0
    compared = kb("evaluate", str(questions), "--compare", "lexical").stdout
    assert "raak@5" in compared
    assert "hybrid min lexical, met 95%-interval" in compared
    assert "geen verschil dat van toeval te onderscheiden is" in compared


@pytest.mark.usefixtures("built")
def test_a_benchmark_is_measured_in_an_index_of_its_own(kb: Run, home: Path) -> None:
    folder = home / "beir"
    folder.mkdir()
    documents = [{"_id": "a", "title": "", "text": "De raad stelt de begroting vast."}]
    documents += [{"_id": "b", "title": "Archief", "text": "Het archief verhuist in mei."}]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "wanneer verhuist het archief"}))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\tb\t1\n")
    # The model from where it is, the index to where nobody else looks.
    places = {"KB_MODEL": str(default_model_folder()), "XDG_CACHE_HOME": str(home / "cache")}
    done = kb("evaluate", "--beir", str(folder), "--json", **places)
    assert done.returncode == 0, done.stderr
    assert (home / "cache" / "kennisbank" / "benchmarks").is_dir()
    modes = json.loads(done.stdout)["modes"]
    assert {mode: found["ndcgAt10"] for mode, found in modes.items()} == dict.fromkeys(modes, 1.0)
    assert list(modes) == ["hybrid", "dense", "lexical"]


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "message"),
    [
        (("search", "x", "--indexes", "none"), {}, 1, "NoIndex: There is no index in"),
        (("search", ""), {}, 1, "InvalidQuery: The query is empty"),
        (("search", "x", "--limit", "0"), {}, 1, "limit is 0; it must be from 1 to 100"),
        (("search", "x", "--mode", "best"), {}, 2, "hybrid, dense, lexical"),
        (("search", "x", "--group-by", "place"), {}, 2, "is not one of document"),
        (("search", "x", "--sort", "title"), {}, 2, "is not one of relevance, date"),
        (("search", "x", "--facets", "kind,colour"), {}, 2, "'colour' is not one of kind, year"),
        (("search", "x", "--where", "year=24"), {}, 2, "write it as 2024"),
        (("similar", "x"), {}, 1, "NotFound: There is no passage x"),
        (("similar", "x", "--limit", "51"), {}, 1, "limit is 51; it must be from 1 to 50"),
        (("similar", "x", "--where", "kind=boek"), {}, 2, "the kinds are verslag, presentatie"),
        (("search", "x", "--where", "colour=red"), {}, 2, "kind, event, language"),
        (("search", "x", "--where", "kind=boek"), {}, 2, "the kinds are verslag, presentatie"),
        (("search", "x", "--where", "dateFrom=6-9-2024"), {}, 2, "write it as 2024-11-07"),
        (("build", "--indexes", "corpus/index"), {}, 1, "SettingsError: The index's folder"),
        (("build", "--indexes", "/proc/index"), {}, 1, "IndexNotWritten: The index cannot be written in"),
        (("build", "--corpus", "nowhere"), {}, 1, "CorpusError: nowhere is not a folder"),
        (("status",), {"KB_CORPSU": "x"}, 1, "did you mean KB_CORPUS?"),
        (("search", "x"), {"KB_MODEL": "no/such-model"}, 1, "EncoderUnavailable: The model 'no/such-model'"),
        (("evaluate", "missing.jsonl"), {}, 1, "InvalidQuestions: missing.jsonl cannot be read"),
        (("tune", "x.jsonl", "--out", "."), {}, 2, "is no file that can be written"),
        (("tune", "x.jsonl", "--out", "nowhere/weights.json"), {}, 2, "is no file that can be written"),
        (("evaluate",), {}, 2, "QUESTIONS"),
        (("evaluate", "x.jsonl", "--beir", "x"), {}, 2, "QUESTIONS"),
        (("evaluate", "x.jsonl", "--mode", "best"), {}, 2, "hybrid, dense, lexical"),
        (("evaluate", "--beir", "corpus"), {}, 1, "InvalidQuestions: corpus holds no qrels.tsv"),
    ],
)
@pytest.mark.usefixtures("built")
def test_errors_are_one_message_that_says_what_to_do(
    kb: Run, arguments: tuple[str, ...], variables: dict[str, str], status: int, message: str
) -> None:
    done = kb(*arguments, **variables)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("built")
def test_serve_answers_over_http_and_stops_on_request(home: Path, root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--port", str(port)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            answer = _ask(f"http://127.0.0.1:{port}/v1/search?q=zaaksysteem", seconds=60)
            assert json.loads(answer)["hits"][0]["document"]["title"] == "Verslag stuurgroep"
        finally:
            server.terminate()
        # uvicorn stops in order and then lets the signal have its way.
        assert server.wait(20) in {0, -signal.SIGTERM}


@pytest.mark.usefixtures("built")
def test_serve_stops_though_a_client_never_ends_its_request(home: Path, root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--port", str(port)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        _ask(f"http://127.0.0.1:{port}/v1/health/live", seconds=60)
        with socket.create_connection(("127.0.0.1", port)) as client:
            head = "POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            client.sendall(f"{head}Content-Length: 9\r\n\r\n".encode())
            time.sleep(0.2)
            server.send_signal(signal.SIGINT)
            _, told = server.communicate(timeout=40)
    assert "Traceback" not in told


@pytest.mark.usefixtures("built")
def test_a_port_in_use_is_told_with_what_to_do(kb: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = kb("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "address already in use" in done.stderr
    assert "Choose --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("built")
def test_a_port_in_use_is_found_before_the_application_and_its_model_are_loaded(kb: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = kb("serve", "--port", str(taken.getsockname()[1]), PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "kb.cli.serving" in imported
    assert not {"api.app", "torch"} & imported


def test_answers_are_sent_at_once() -> None:
    """Else the body of each waits 40 ms, until the client has told that it has the head."""

    async def told() -> int:
        (listener,) = listen("127.0.0.1", 0, queue=1)
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            used = writer.get_extra_info("socket")
            accepted.set_result(used.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(answer, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            found = await accepted
            writer.close()
            return found

    assert asyncio.run(told())


def test_a_service_listens_on_every_address_of_a_name() -> None:
    families = {found[0] for found in socket.getaddrinfo("localhost", 0, flags=socket.AI_PASSIVE)}
    listeners = listen("localhost", 0, queue=1)
    try:
        assert {listener.family for listener in listeners} <= families
        for listener in listeners:
            socket.create_connection(listener.getsockname()[:2], timeout=10).close()
    finally:
        for listener in listeners:
            listener.close()


@pytest.mark.usefixtures("built")
def test_a_terminal_without_the_letters_gets_the_rest(kb: Run) -> None:
    done = kb("search", "zaaksysteem", PYTHONIOENCODING="ascii")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "zaaksysteem" in done.stdout


def _ask(address: str, *, seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as response:
                content: bytes = response.read()
                return content
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

"""The promise that a suppressed name and a withheld document appear nowhere, whatever anybody asks.

Every operation of the OpenAPI document, every page and export, the pictures on disk and the log are looked
at: before there is a list, so that it is known that they would tell; at once when there is one; after a build
with it; and after going back to the index from before.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.assistants import create_assisted_app
from kb.builds import BuildError, Builds
from kb.documents import stable_id
from kb.generations import Generations
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.logs import JsonFormatter
from kb.settings import Settings
from tests.api.closed import NOTHING, SECRETS, TYPOS, leaked, write_corpus
from tests.api.test_leaks import Asked, addresses, resolved
from tests.geometry import WordEncoder
from tests.hostile_pdf import FONT, pdf, stream

NAME = "Odilia Wintergroen"
LIST = f"""\
mask:
  - name: {NAME}
    also: [o.wintergroen@waterrijk.nl]
    reason: verzoek van {NAME}
    date: 2026-11-25
withhold:
  - glob: "dichtgeslagen/**"
    reason: niet openbaar
    date: 2026-11-25
keep: [griffie@waterrijk.nl]
"""
CONTACTS = {"address": "p.punt@waterrijk.nl", "number": "030 286 00 00"}
# These do something, and give nothing of documents; all other operations with a body are asked below.
CHANGES = {("post", "/builds"), ("post", "/documents"), ("put", "/generations/live")}
WORDS = ["dijk", NAME, "kroonj", "odil", TYPOS[0]]


@dataclass(slots=True)
class Service:
    """A service of an index, and what it logged."""

    settings: Settings
    client: TestClient
    key: str
    asks: list[Asked] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    def send(self, asked: Asked) -> tuple[int, bytes]:
        """An answer to who may see everything."""
        return asked.send(self.client, self.key)


def write_named(corpus: Path) -> None:
    """Documents in which a name stands wherever one can: text, title, path, event, pages, slides."""
    folder = corpus / "avond"
    folder.mkdir()
    (folder / "_event.yaml").write_text(
        f"name: Avond van {NAME}\ndate: 2024-03-07\nhost: {NAME}\nplace: Waterrijk\n"
        f"speakers: [{NAME}, P. Punt]\nthemes: [dijken, {NAME}]\n"
    )
    (folder / "odilia-wintergroen.md").write_text(
        f"# Lezing van {NAME}\n\n## {NAME} over de dijk\n\n“De dijk is hoog”, zei {NAME}, voorzitter.\n\n"
        "Aldus Odilia\nWintergroen is de dijk van klei. Mail o.wintergroen@waterrijk.nl of "
        f"{CONTACTS['address']} of griffie@waterrijk.nl, of bel {CONTACTS['number']}.\n\n"
        "Besloten wordt dat Odilia Wintergroen de sluis van Utrecht peilt.\n"
    )
    (folder / "verslag.pdf").write_bytes(paged("De dijk bij Waterrijk", f"Hier zei {NAME} iets", "De sluis"))
    for number in range(3):
        (folder / f"dijk-{number}.md").write_text(
            f"# Dijk {number}\n\nVolgens Odilia Wintergroen is dijk {number} te laag.\n"
        )
    (folder / "kapot-odilia-wintergroen.pdf").write_bytes(b"%PDF-1.7 and nothing else")


def paged(*texts: str) -> bytes:
    """A PDF with a line of text on each page."""
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>", 5: FONT}
    kids = []
    for number, text in enumerate(texts):
        page, content = 10 + 2 * number, 11 + 2 * number
        kids.append(b"%d 0 R" % page)
        objects[page] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
            b"/Resources<</Font<</F 5 0 R>>>>/Contents %d 0 R>>" % content
        )
        objects[content] = stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % text.encode("latin-1"))
    objects[2] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    return pdf(objects)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A corpus that was built twice, with a build that failed in between, and no list."""
    folder = tmp_path_factory.mktemp("privacy")
    settings = Settings(
        corpus=folder / "corpus", indexes=folder / "indexes", rate_key=0, rate_wrong_keys=0, log_queries="on"
    )
    write_corpus(settings.corpus)
    sidecar = settings.corpus / "dichtgeslagen" / "_event.yaml"
    sidecar.write_text(sidecar.read_text().replace("access: members\n", ""))
    write_named(settings.corpus)
    build_index(settings, WordEncoder)
    (settings.corpus / "dichtgeslagen" / "verdwijnpunt.md").unlink()
    builds = Builds(settings.indexes)
    with builds.recording() as recording:
        recording.published(build_index(settings, WordEncoder, allow_removals=True).as_json())
    with builds.recording() as recording:
        recording.failed(
            BuildError(code="failed", message=f"dichtgeslagen/zwaluwnest-1.md van {NAME} is stuk")
        )
    return settings


def opened(settings: Settings) -> Service:
    """A service over the live index."""
    index = Generations(settings.indexes).open_live()
    app = create_assisted_app(KnowledgeBase.over(index, settings, WordEncoder()))
    client = TestClient(app, client=("127.0.0.1", 50_000), base_url="http://127.0.0.1:8000")
    scopes = [Scope.SEARCH, Scope.MEMBERS, Scope.ADMIN]
    name = f"alles {len(Keys(settings.keys_file).all())}"
    return Service(settings=settings, client=client, key=Keys(settings.keys_file).create(name, scopes)[1])


def logged(service: Service) -> logging.Handler:
    """What keeps all that is logged, with queries."""
    handler = logging.StreamHandler(service.log)
    handler.setFormatter(JsonFormatter(queries=True))
    return handler


@pytest.fixture(scope="module")
def ids(settings: Settings) -> dict[str, list[str]]:
    """The ids of everything that may be asked for, those that must not be found first."""
    index = Generations(settings.indexes).open_live()
    records = sorted(index.documents(), key=lambda one: not one.source.startswith("dichtgeslagen"))
    named = [one for one in records if one.source.startswith("avond")]
    away = [one for one in records if one.source.startswith("dichtgeslagen")]
    chosen = [*away[:1], *(one for one in named if not one.source.endswith(("dijk-1.md", "dijk-2.md")))]
    found = {
        "documents": [one.id for one in chosen],
        "passages": [
            one.passage.id for record in chosen for one in index.passages(index.document_rows(record.id))[:2]
        ],
        "events": list(dict.fromkeys(one.event.id for one in chosen if one.event)),
        "themes": [stable_id("theme", name) for name in ("nachtvlinder", NAME.casefold(), "dijken")],
        "builds": [one.id for one in Builds(settings.indexes).all()],
        "generations": ["live", *Generations(settings.indexes).names()],
        "themas": ["nachtvlinder", NAME, "dijken"],
        "jaren": ["2011", "2024"],
        "beheer": ["zonder-datum", "niet-opgenomen", "vrijwel-gelijk", "zonder-tekst", "live"],
        "static": ["style.css"],
    }
    index.close()
    return found | {
        "documenten": found["documents"],
        "bijeenkomsten": found["events"],
    }


def walk(service: Service, ids: dict[str, list[str]]) -> Iterator[Asked]:
    """Requests of every operation and every page, whichever there are."""
    yield from operations(service, ids)
    yield from pages(service, ids)
    yield from tools(service, ids)


def operations(service: Service, ids: dict[str, list[str]]) -> Iterator[Asked]:
    document = service.client.get("/v1/openapi.json").json()
    known = values(ids)
    for path, item in document["paths"].items():
        for method in sorted({"get", "post", "put", "delete", "patch"} & item.keys()):
            operation = item[method]
            if (method, path) in CHANGES:
                continue
            if "requestBody" in operation:
                yield from (
                    Asked(method=method, path=f"/v1{path}", body=body)
                    for word in WORDS
                    for body in ({"q": word}, {"queries": [word]}, {"q": word, "limit": 100})
                )
                continue
            names = {
                found["name"]
                for found in (resolved(document, one) for one in operation.get("parameters", ()))
                if found["in"] == "query"
            }
            # What is new is asked with what must not be told of.
            queries = [
                (),
                *(((name, value),) for name in sorted(names) for value in known.get(name, WORDS[:2])),
            ]
            media = {
                name
                for answer in operation["responses"].values()
                for name in resolved(document, answer).get("content", {})
            }
            for address in addressed(f"/v1{path}", ids):
                for query in queries:
                    first = (("q", "dijk"),) if "q" in names and not any(n == "q" for n, _ in query) else ()
                    yield Asked(method="get", path=address, query=(*first, *query))
                for accept in sorted(media):
                    first = (("q", "dijk"), ("limit", "100")) if "q" in names else ()
                    yield Asked(method="get", path=address, query=first, headers={"accept": accept})


def values(ids: dict[str, list[str]]) -> dict[str, list[Any]]:
    """What is asked in query parameters that take no words."""
    return {
        "q": WORDS,
        "document": ids["documents"],
        "event": [*ids["events"], f"Avond van {NAME}"],
        "theme": ids["themas"],
        "kind": ["verslag", "overig", "citaat", "besluit"],
        "statement": ["citaat", "besluit"],
        "year": ["2011", "2024"],
        "facets": ["event,speaker,host,theme,year", "saidBy,municipality,statement"],
        "format": ["csv", "csvExcel", "jsonl", "ris", "bibtex"],
        "groupBy": ["document", "event"],
        "sort": ["date"],
        "mode": ["lexical", "dense"],
        "limit": ["100"],
        "offset": ["1"],
        "language": ["nl"],
        "dates": ["false"],
        "minRelevance": ["0"],
        "dateFrom": ["2011-01-01"],
        "dateTo": ["2030-01-01"],
    }


def addressed(path: str, ids: dict[str, list[str]]) -> list[str]:
    """Addresses of all that a path may name; where it is not known what, of everything."""
    kind = path.removeprefix("/v1").split("/")[1]
    everything = [one for some in ids.values() for one in some]
    pools = {"number": ["1", "2", "3"], "build_id": ids["builds"]}
    found = [path]
    for name in re.findall(r"\{([a-z_]+)(?::path)?\}", path):
        some = pools.get(name) or ids.get(kind, everything)
        found = [re.sub(rf"\{{{name}(:path)?\}}", value, one) for one in found for value in [*some, NOTHING]]
    return found


def pages(service: Service, ids: dict[str, list[str]]) -> Iterator[Asked]:
    kept = {"cookie": f"dossier={'.'.join(ids['passages'])}"}
    first = [("passage", ids["passages"][-1]), ("titel", "x"), ("begint", "de-dijk-is-hoog-zei")]
    asks = [(), *((one,) for one in first), *((("q", word),) for word in WORDS), (("page", "2"),)]
    filters = [
        (("q", "dijk"), (name, value))
        for name, some in values(ids).items()
        if name != "q"
        for value in some[:3]
    ]
    for path in dict.fromkeys(addresses(service.client.app.routes)):  # type: ignore[attr-defined]
        for address in addressed(path, ids):
            for query in asks if "{" not in path else asks[:4]:
                yield Asked(method="get", path=address, query=query)
            yield Asked(method="get", path=address, headers=kept)
            yield Asked(method="get", path=address, query=(("q", "dijk"),), headers={"accept-language": "en"})
            if path == "/":
                yield from (Asked(method="get", path=address, query=query) for query in filters)


def tools(service: Service, ids: dict[str, list[str]]) -> Iterator[Asked]:
    """Calls of every tool of assistants, each argument with what must not be told of."""

    def sent(method: str, **parameters: object) -> Asked:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        headers = {"accept": "application/json, text/event-stream"}
        return Asked(method="post", path="/mcp", body=body, headers=headers)

    told = service.send(sent("tools/list"))[1].split(b"\n\n", 1)[1]
    known = values(ids) | {"document_id": ids["documents"], "passage_id": ids["passages"], "limit": [20]}
    for tool in json.loads(told)["result"]["tools"]:
        schema = tool["inputSchema"]
        required = {name: known.get(name, WORDS)[-1] for name in schema.get("required", ())}
        for name, one in schema["properties"].items():
            for value in known.get(name, WORDS)[:4]:
                typed = int(value) if one.get("type") == "integer" and str(value).isdigit() else value
                given = [typed] if one.get("type") == "array" else typed
                yield sent("tools/call", name=tool["name"], arguments={**required, name: given})
    for document in ids["documents"]:
        yield sent("resources/read", uri=f"kennisbank://documents/{document}")


def secrets(settings: Settings) -> dict[str, str]:
    """All that must not be told: words, ids of what is withheld, and names."""
    index = Generations(settings.indexes).open_live()
    away = [one for one in index.documents() if one.source.startswith("dichtgeslagen")]
    hidden = {f"id of {one.source}": one.id for one in away}
    for record in away:
        for one in index.passages(index.document_rows(record.id)):
            hidden[f"passage of {record.source} {one.row}"] = one.passage.id
    index.close()
    return {**SECRETS, **hidden, "first name": "odilia", "family name": "wintergroen", **CONTACTS}


def asked_all(service: Service, ids: dict[str, list[str]], hidden: dict[str, str]) -> dict[str, set[str]]:
    """Where each of these was told: in answers, log and pictures that are kept."""
    handler = logged(service)
    root, own = logging.getLogger(), [logging.getLogger(name) for name in ("api", "kb")]
    before = [one.level for one in (root, *own)]
    root.addHandler(handler)
    for one in own:
        one.setLevel(logging.DEBUG)
    told: dict[str, set[str]] = {}
    try:
        for asked in walk(service, ids):
            status, answer = service.send(asked)
            assert status < 500 or status == 503, asked
            for name in leaked(asked.sent, hidden, answer):
                told.setdefault(name, set()).add(f"{asked.method} {asked.path} {asked.query} {status}")
    finally:
        root.removeHandler(handler)
        for one, level in zip((root, *own), before, strict=True):
            one.setLevel(level)
    # Of the log, what nobody typed: a family name alone is a word like any other.
    names = {"first name": hidden["first name"]}
    for name in leaked("", names, service.log.getvalue().encode()):
        told.setdefault(name, set()).add("log")
    for view in (service.settings.indexes / ".views").glob("*.view"):
        for name in leaked("", names, view.read_bytes()):
            told.setdefault(name, set()).add("picture that is kept")
    return told


@pytest.fixture(scope="module")
def told(settings: Settings, ids: dict[str, list[str]]) -> dict[str, dict[str, set[str]]]:
    """What was told of what must not be: before, at once, after a build, and after going back."""
    hidden = secrets(settings)
    found = {}
    service = opened(settings)
    first = Generations(settings.indexes).current().name
    with service.client, Builds(settings.indexes).recording():
        found["before"] = asked_all(service, ids, hidden)
        settings.privacy_file.write_text(LIST, encoding="utf-8")
        service.log.truncate(0)
        found["at once"] = asked_all(service, ids, hidden)
    build_index(settings, WordEncoder)
    for moment in ("built", "rolled back"):
        service = opened(settings)
        with service.client, Builds(settings.indexes).recording():
            found[moment] = asked_all(service, ids, hidden)
        if moment == "built":
            Generations(settings.indexes).rollback(first)
    return found


def test_without_a_list_every_secret_is_told(told: dict[str, dict[str, set[str]]]) -> None:
    before = told["before"]
    places = {place for some in before.values() for place in some}
    assert {*SECRETS, "first name", "family name"} - before.keys() == set()
    assert {"log", "picture that is kept"} <= places
    # Every way out would have told.
    for path in (
        "/v1/search",
        "/v1/passages",
        "/v1/documents",
        "/v1/answers",
        "/mcp",
        "/dossier.docx",
        "/beheer",
    ):
        assert any(path in place for place in places), path
    # Addresses and numbers are masked without a list as well; but a file is given as it is, or not at all.
    for name in CONTACTS:
        assert all(re.search(r"/(?:file|bestand) ", place) for place in before.get(name, ())), before[name]


@pytest.mark.parametrize("moment", ["at once", "built", "rolled back"])
def test_with_a_list_nothing_of_it_is_told_anywhere(
    told: dict[str, dict[str, set[str]]], moment: str
) -> None:
    assert {name: sorted(places)[:5] for name, places in told[moment].items()} == {}

"""The promise that a document for members is seen by members alone, whatever anybody asks of any address.

All operations of the OpenAPI document and all pages are asked. One that is added and that this test cannot
ask yet makes it fail: say below what its parameters take.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.testclient import TestClient

from api.app import create_app
from kb.documents import stable_id
from tests.api.closed import NOTHING, SECRETS, TYPOS, Home, leaked, make_home

# What differs between two answers to the same question.
OF_THE_MOMENT = re.compile(
    rb'"tookMs":[0-9.e-]+|[0-9]+(?:&nbsp;|\xc2\xa0| )ms|[0-9]+(?= bytes)|'
    rb"(?:etag|content-length|x-request-id): .*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as it is shown when it fails."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> str:
        """All that an answer may repeat."""
        return f"{self.path} {self.query} {self.body} {dict(self.headers)}".lower()

    def send(self, client: TestClient, secret: str | None) -> tuple[int, bytes]:
        """The status and the whole answer, its headers before its body."""
        headers = {**self.headers, **({"authorization": f"Bearer {secret}"} if secret else {})}
        content = {"files": self.body} if isinstance(self.body, tuple) else {"json": self.body}
        answer = client.request(
            self.method,
            self.path,
            params=list(self.query),
            headers=headers,
            **(content if self.body is not None else {}),
        )
        head = b"\n".join(b"%s: %s" % item for item in answer.headers.raw)
        return answer.status_code, head + b"\n\n" + unpacked(answer.content)


def unpacked(content: bytes) -> bytes:
    """What an answer says, also where it is packed."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(archive.read(name) for name in sorted(archive.namelist()))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with make_home(tmp_path_factory.mktemp("leaks"), create_app) as home:
        yield home


Values = Mapping[str, list[str]]


def values_of(home: Home) -> Values:
    """What each query parameter is asked with. One that is not here fails the test."""
    words = [
        *SECRETS.values(),
        *TYPOS,
        "begroting",
        "raadhuis kroonjuwelen",
        "kroonj",
        "zwal",
        "2011",
        "mei 2011",
    ]
    documents = [*home.members_ids["document"], *home.open_ids["document"][:1], NOTHING]
    return {
        "q": words,
        "kind": ["overig", "verslag", "besluit", "x"],
        "documentKind": ["overig", "x"],
        "municipality": ["Winterswijk", "GM0294", "Utrecht"],
        "province": ["Gelderland", "PV25", "x"],
        "statement": ["besluit", "citaat", "x"],
        "saidBy": ["Bo Zwaveldrager", "bo  ZWAVELDRAGER", "x"],
        "event": [*dict.fromkeys(home.members_ids["event"]), "Kring Schemerlicht", "Openbare avond", NOTHING],
        "language": ["nl", "en", "zz"],
        "speaker": ["Q. Sluipvoet", "Sluipvoet", "X"],
        "host": ["Ondergronds BV", "Duinmeer"],
        "theme": ["nachtvlinder", "x"],
        "document": documents,
        "year": ["2011", "2024", "x"],
        "dateFrom": ["2011-05-16", "2024-01-01", "x"],
        "dateTo": ["2011-05-16", "2024-12-31"],
        "minRelevance": ["0", "0.9", "x"],
        "facets": [
            "kind,year,event",
            "event,speaker,host,theme,language",
            "kind,year,event,host,theme,language",
            "municipality,province,statement,saidBy",
        ],
        "sort": ["date", "relevance", "x"],
        "groupBy": ["document", "event", "x"],
        "limit": ["1", "100", "0", "x"],
        "offset": ["0", "1", "9999"],
        "mode": ["dense", "lexical", "hybrid"],
        "dates": ["false"],
        "format": ["csv", "csvExcel", "jsonl", "ris", "bibtex", "json"],
    }


def bodies_of(home: Home) -> Mapping[tuple[str, str], list[Any]]:
    """The bodies that each operation with one is sent. One that is not here fails the test."""
    searches = [
        {"q": word, **more}
        for word in (*SECRETS.values(), *TYPOS, "begroting")
        for more in ({"limit": 100}, {"mode": "lexical"}, {"document": home.members_ids["document"]})
    ]
    return {
        ("post", "/search"): searches,
        ("post", "/answers"): [
            {name: value for name, value in one.items() if name != "mode"} for one in searches
        ],
        ("post", "/searches"): [
            {"searches": searches[:90]}, {"queries": searches[:90]}, {"queries": [*SECRETS.values()]}, {},
        ],
        ("post", "/builds"): [{}, {"allowRemovals": True}, {"x": 1}],
        ("put", "/generations/live"): [{"name": "x"}, {"name": "20200101T000000000Z"}, {}],
        ("post", "/documents"): [
            (("file", ("x.exe", b"MZ")),),
            (("file", ("leeg.txt", b"")),),
        ],
    }  # fmt: skip


def paths_of(home: Home, path: str, live: str) -> list[str]:
    """An address for each thing that it may name. A parameter that is not here fails the test."""
    kinds = {
        "documents": [*home.members_ids["document"], home.open_ids["document"][0], NOTHING],
        "passages": [*home.members_ids["passage"], *home.open_ids["passage"], NOTHING],
        "builds": [*home.builds, NOTHING],
        "generations": [live, "live", NOTHING],
        "events": [*home.members_ids["event"], *home.open_ids["event"], NOTHING],
        "documenten": [*home.members_ids["document"], home.open_ids["document"][0], NOTHING],
        "bijeenkomsten": [*home.members_ids["event"], *home.open_ids["event"], NOTHING],
        "themas": ["nachtvlinder", "x"],
        "themes": [stable_id("theme", "nachtvlinder"), NOTHING],
        "beheer": [live, "live", NOTHING, "zonder-datum", "niet-opgenomen", "vrijwel-gelijk"],
        "static": ["style.css"],
    }
    # These mean the same wherever they stand; all others name what the address is of.
    everywhere = {"number": ["1", "2"], "year": ["2011", "2024"], "build_id": [*home.builds, NOTHING]}
    kind = path.removeprefix("/v1").split("/")[1]
    found = [path]
    for name in re.findall(r"\{([a-z_]+)(?::path)?\}", path):
        values = everywhere.get(name) or kinds[kind]
        found = [re.sub(rf"\{{{name}(:path)?\}}", value, one) for one in found for value in values]
    return found


def operations(home: Home) -> Iterator[Asked]:
    """Requests of every operation in the OpenAPI document, each parameter with each of its values."""
    document = home.client.get("/v1/openapi.json").json()
    values, bodies = values_of(home), bodies_of(home)
    live = home.client.get("/v1/status").json()["generation"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "delete", "patch"):
                continue
            wanted = {
                parameter["name"]: parameter.get("required", False)
                for parameter in (resolved(document, found) for found in operation.get("parameters", ()))
                if parameter["in"] == "query"
            }
            first = [(name, values[name][0]) for name in wanted if wanted[name]]
            queries = [first, *([*[other for other in first if other[0] != name], (name, value)]
                                for name in wanted for value in values[name])]  # fmt: skip
            if "q" in wanted:
                queries += [[("q", word), ("mode", "lexical")] for word in values["q"] if "mode" in wanted]
                queries += [
                    [("q", word), ("facets", facets)]
                    for word in values["q"][:3] for facets in values["facets"] if "facets" in wanted
                ]  # fmt: skip
            media = {
                name
                for answer in operation["responses"].values()
                for name in resolved(document, answer).get("content", {})
            }
            for address in paths_of(home, f"/v1{path}", live):
                for query in queries:
                    yield Asked(method=method, path=address, query=tuple(query))
                for accept in media:
                    yield Asked(method=method, path=address, query=tuple(first), headers={"accept": accept})
                if method == "get":
                    yield Asked(method="head", path=address, query=tuple(first))
                    yield Asked(method="get", path=address + "/", query=tuple(first))
                    yield Asked(method="delete", path=address)
                if "requestBody" in operation:
                    for body in bodies[method, path]:
                        yield Asked(method=method, path=address, body=body)


def resolved(document: Any, part: Any) -> Any:
    """What a part of the document refers to."""
    for name in part["$ref"].split("/")[1:] if "$ref" in part else ():
        document = document[name]
    return document if "$ref" in part else part


def pages(home: Home) -> Iterator[Asked]:
    """Requests of every address that is not in the document: pages for people, and what is beside them."""
    values = {**values_of(home), **of_pages(home)}
    fields = [name for name in values if name not in ("limit", "offset", "facets", "format")]
    live = home.client.get("/v1/status").json()["generation"]
    passages = [*home.members_ids["passage"], *home.open_ids["passage"][:2], NOTHING]
    kept = {"cookie": f"dossier={'.'.join(passages)}"}
    for path in addresses(home.client.app.routes):  # type: ignore[attr-defined]
        for address in paths_of(home, path, live):
            yield Asked(method="get", path=address)
            yield Asked(method="head", path=address)
            yield Asked(method="get", path=address, headers={"accept-language": "en"})
            yield Asked(method="get", path=address, headers=kept)
            yield Asked(method="get", path=address, query=(("page", "2"), ("q", "kroonjuwelen")))
            if path == "/":
                yield from (
                    Asked(method="get", path=address, query=(("q", "begroting"), (name, value)))
                    for name in fields
                    for value in values[name]
                )
            if path in ("/", "/suggesties"):
                yield from (Asked(method="get", path=address, query=(("q", word),)) for word in values["q"])
            else:
                wanted = of_pages(home) if "{" in path else fields
                yield from (
                    Asked(method="get", path=address, query=((name, values[name][0]),)) for name in wanted
                )


def of_pages(home: Home) -> Values:
    """The query parameters that pages alone have."""
    return {
        "passage": [*home.members_ids["passage"][:2], *home.open_ids["passage"][:2], NOTHING],
        "begint": ["de kroonjuwelen liggen in", "de raad sprak uitvoerig over"],
        "p": ["1", "2", "x"],
        "soort": ["verslag", "overig", "x"],
        "titel": ["kroonjuwelen"],
        "terug": ["/", "/?q=kroonjuwelen"],
    }


def addresses(routes: Any) -> Iterator[str]:
    """The addresses that answer GET and are not in the OpenAPI document."""
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from addresses(inner.routes)
        elif isinstance(route, APIRoute | Route):
            is_told = isinstance(route, APIRoute) and route.include_in_schema
            if not is_told and "GET" in (route.methods or ()):
                yield route.path
        else:
            yield f"{route.path}/{{file}}"


@pytest.fixture(scope="module")
def asked(home: Home) -> list[Asked]:
    return [*operations(home), *pages(home)]


@pytest.mark.parametrize("key", [None, "search", "admin"])
def test_nobody_but_members_sees_a_word_of_their_documents(
    home: Home, asked: list[Asked], key: str | None
) -> None:
    secret = home.keys[key] if key else None
    statuses = set()
    for one in asked:
        status, answer = one.send(home.client, secret)
        assert status < 500 or status == 503, one
        assert leaked(one.sent, home.secrets, answer) == [], (one, answer)
        statuses.add(status)
    assert {200, 400, 404, 405} <= statuses


def test_members_see_every_one_of_these_secrets(home: Home, asked: list[Asked]) -> None:
    seen: set[str] = set()
    for key in ("members", "members and admin"):
        for one in asked:
            seen.update(leaked(one.sent, home.secrets, one.send(home.client, home.keys[key])[1]))
    assert seen == set(home.secrets)


def unknown(secret: str) -> str:
    """What looks like a secret and is of no document at all."""
    if re.fullmatch("[0-9a-f]{16}", secret):
        return "f0" * 8
    return "2011-05-15" if secret[0].isdigit() else "q" * len(secret)


def test_to_ask_for_a_secret_is_as_to_ask_for_what_there_is_not(home: Home, asked: list[Asked]) -> None:
    compared = 0
    for one in asked:
        for secret in home.secrets.values():
            if secret.lower() not in one.sent or one.method == "post":
                continue
            is_ranked = any(name == "q" for name, _ in one.query) and ("mode", "lexical") not in one.query
            if is_ranked or one.path == "/metrics":
                # The vector of another word lies elsewhere, and meanwhile more was counted.
                continue
            other = unknown(secret)
            found = []
            for word in (secret, other):
                instead = Asked(
                    method=one.method,
                    path=one.path.replace(secret, word),
                    query=tuple((name, value.replace(secret, word)) for name, value in one.query),
                    headers={name: value.replace(secret, word) for name, value in one.headers.items()},
                )
                status, answer = instead.send(home.client, None)
                found.append((status, OF_THE_MOMENT.sub(b"", answer.replace(word.encode(), b"_"))))
            assert found[0] == found[1], one
            compared += 1
    assert compared > 100


def test_what_depends_on_the_key_is_told_to_whoever_keeps_answers(home: Home) -> None:
    for path in ("/v1/documents", "/v1/search?q=begroting", "/", "/v1/status"):
        tags = set()
        for key in (None, home.keys["search"], home.keys["members"]):
            headers = {"authorization": f"Bearer {key}"} if key else {}
            answer = home.client.get(path, headers=headers)
            assert "authorization" in answer.headers["vary"].lower(), path
            tags.add(answer.headers.get("etag"))
        assert len(tags - {None}) in (0, 2), path


def test_counts_are_those_of_open_documents(home: Home) -> None:
    def ask(path: str, key: str | None = None) -> Any:
        headers = {"authorization": f"Bearer {home.keys[key]}"} if key else {}
        return home.client.get(f"/v1{path}", headers=headers).json()

    opened = len(home.open_ids["document"])
    every = opened + len(home.members_ids["document"])
    for key, documents in ((None, opened), ("search", opened), ("members", every)):
        status = ask("/status", key)
        assert (status["documents"], ask("/documents", key)["total"]) == (documents, documents)
        assert status["changes"]["removed"] == (key == "members")
        assert status["filesLeftOut"] == (key == "members")
    for key, documents in (("admin", opened), ("members and admin", every)):
        newest = ask("/generations", key)["generations"][0]
        report = ask(f"/generations/{newest['name']}/report", key)
        (build,) = [one for one in ask("/builds", key)["builds"] if one["generation"]]
        assert newest["documents"] == report["documents"] == documents
        assert newest["passages"] == report["passages"] == build["passages"]
        running = ask("/builds", key)["builds"][0]
        assert running["state"] == "running"
        assert (running["filesTotal"] is None) == (key == "admin")

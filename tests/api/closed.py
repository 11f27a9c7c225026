"""A service with documents for everybody and documents for members, and all that only these hold."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI
from starlette.testclient import TestClient

from kb.builds import BuildError, Builds
from kb.documents import Access
from kb.generations import Generations
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder

# What stands in documents for members alone, by where it stands. Of each kind there is none elsewhere.
SECRETS = {
    "word": "kroonjuwelen",
    "compound": "smaragdkist",
    "title": "Zwaluwnest",
    "speaker": "Sluipvoet",
    "event": "Schemerlicht",
    "place": "Kelderwaard",
    "host": "Ondergronds",
    "theme": "nachtvlinder",
    "heading": "Tussenschot",
    "path": "dichtgeslagen",
    "date": "2011-05-16",
    "file that is left out": "onleesbaarheid",
    "copy": "bloemkoolveld",
    "municipality": "Winterswijk",
    "province": "Gelderland",
    "said by": "Zwaveldrager",
    "document that is gone": "verdwijnpunt",
}
# Words that nobody wrote, near to those above.
TYPOS = ["kroonjuwelem", "kroonjuwele", "smaragdkst", "Zwaluwnes", "sluipvoe", "schemerlich", "nachtvlindr"]
# Of no document, and as long as an id.
NOTHING = "0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A service with documents for both, and the words and ids that only members may see."""

    client: TestClient
    keys: Mapping[str, str]
    secrets: Mapping[str, str]
    members_ids: Mapping[str, list[str]]
    open_ids: Mapping[str, list[str]]
    builds: list[str]


def write_corpus(folder: Path) -> None:
    shared = "de raad sprak uitvoerig over de begroting van het komende jaar en stelde haar daarna vast"
    (folder / "open").mkdir(parents=True)
    (folder / "open" / "_event.yaml").write_text("name: Openbare avond\ndate: 2024-03-07\nhost: Duinmeer\n")
    for number in range(3):
        (folder / "open" / f"verslag-{number}.md").write_text(
            f"# Verslag {number}\n\n{shared} punt {number}\n\nHet raadhuis en de dijk, deel {number}.\n"
        )
    closed = folder / "dichtgeslagen"
    closed.mkdir()
    (closed / "_event.yaml").write_text(
        "name: Kring Schemerlicht\ndate: 2011-05-16\nplace: Kelderwaard\nhost: Ondergronds BV\n"
        "speakers: [Q. Sluipvoet]\nthemes: [nachtvlinder]\naccess: members\n"
    )
    for number in range(3):
        (closed / f"zwaluwnest-{number}.md").write_text(
            f"# Agenda Zwaluwnest {number}\n\n## Tussenschot\n\nDe kroonjuwelen liggen in de smaragdkist.\n"
            f"De smaragd en de kist zijn van goud; de kroonjuwelen ook, en de smaragdkist {number}.\n\n"
            f"De gemeente Winterswijk doet mee. Volgens Bo Zwaveldrager is dat goed.\n\n"
            "Besloten wordt dat de gemeente Winterswijk de kist bewaart.\n\n"
            f"## Bijlage\n\n{shared} punt 1\n\nHet bloemkoolveld {number} lag er stil bij, in de kist.\n"
        )
    (closed / "verdwijnpunt.md").write_text("# Verdwijnpunt\n\nDit verdwijnpunt gaat weg.\n")
    (closed / "onleesbaarheid.md").write_bytes(b"\x00\x01" * 99)


@contextlib.contextmanager
def make_home(folder: Path, application: Callable[[KnowledgeBase], FastAPI]) -> Iterator[Home]:
    """A service over an index that was built twice, while a third build is under way: so none is started."""
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", rate_key=0, rate_wrong_keys=0)
    write_corpus(settings.corpus)
    build_index(settings, WordEncoder)
    (settings.corpus / "dichtgeslagen" / "verdwijnpunt.md").unlink()
    builds = Builds(settings.indexes)
    with builds.recording() as recording:
        report = build_index(settings, WordEncoder, allow_removals=True)
        recording.advance("publishing", len(report.files), len(report.files), report.passages, report.reused)
        recording.published(report.as_json())
    with builds.recording() as recording:
        recording.failed(BuildError(code="failed", message="dichtgeslagen/zwaluwnest-1.md is stuk"))
    keys = {
        "search": [Scope.SEARCH],
        "admin": [Scope.ADMIN],
        "members": [Scope.SEARCH, Scope.MEMBERS],
        "members and admin": [Scope.ADMIN, Scope.MEMBERS],
    }
    made = {name: Keys(settings.keys_file).create(name, scopes)[1] for name, scopes in keys.items()}
    index = Generations(settings.indexes).open_live()
    knowledge_base = KnowledgeBase.over(index, settings, WordEncoder())
    ids: dict[Access, dict[str, list[str]]] = {
        access: {"document": [], "passage": [], "event": []} for access in Access
    }
    for record in index.documents():
        found = ids[record.access]
        found["document"].append(record.id)
        found["passage"] += [one.passage.id for one in index.passages(index.document_rows(record.id))]
        if record.event:
            found["event"].append(record.event.id)
    app = application(knowledge_base)
    with (
        TestClient(app, client=("127.0.0.1", 50_000), base_url="http://127.0.0.1:8000") as client,
        builds.recording(),
    ):
        yield Home(
            client=client,
            keys=made,
            secrets=SECRETS
            | {
                f"id of {kind} {number}": found
                for kind, all_of_kind in ids[Access.MEMBERS].items()
                for number, found in enumerate(dict.fromkeys(all_of_kind))
            },
            members_ids=ids[Access.MEMBERS],
            open_ids=ids[Access.OPEN],
            builds=[record.id for record in builds.all()],
        )


def leaked(sent: str, secrets: Mapping[str, str], answer: bytes) -> list[str]:
    """The secrets in an answer that were not in what was sent."""
    text = answer.decode("utf-8", "replace").lower()
    return [
        name
        for name, secret in secrets.items()
        if (secret.lower() in text or quote(secret).lower() in text) and secret.lower() not in sent.lower()
    ]

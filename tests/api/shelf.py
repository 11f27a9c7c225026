"""A service over documents of known events, years, kinds and themes, which can be built again."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.test_pages import Page
from tests.geometry import WordEncoder

# What a browser says of a form of this service.
OWN = {"sec-fetch-site": "same-origin"}
HOSTILE = '<script>alert(1)</script> "dijk" & \u202eomgekeerd\u202c'
EVENING = "/bijeenkomsten/2023-04-13-avond-over-dijken-en-data"
_FILES = {
    "avond/_event.yaml": "name: Avond over dijken en data\ndate: 2023-04-13\nplace: Raadhuis Waterrijk\n"
    "host: Kring Laagland\nspeakers: [Sam de Vries, Kim Oz]\nthemes: [Data, water/dijken]\n",
    "avond/verslag.md": "---\nsoort: verslag\n---\n# Verslag van de avond\n\n"
    "De raad besluit om de dijk in het voorjaar te verhogen, en wel over de hele lengte.\n\n"
    "## Rondvraag\n\nNiemand heeft nog een vraag over de begroting.\n",
    "avond/dijken.md": "---\nsoort: presentatie\nsprekers: [Kim Oz]\n---\n# Dijken in cijfers\n\n"
    "De dijk is nu vier meter hoog.\n",
    "haven/_event.yaml": "name: Middag over de haven\ndate: 2024-03-07\n",
    "haven/verslag.md": "---\nsoort: verslag\n---\n# Verslag van de middag\n\n"
    "De haven krijgt een nieuwe kade.\n",
    "besloten/_event.yaml": "name: Besloten kring\ndate: 2021-05-04\naccess: members\nthemes: [Geheim]\n",
    "besloten/kluis.md": "# Kluis\n\nDe kluizenaar bewaart de begroting achter slot en grendel.\n",
    "los.md": "# Los stuk\n\nDit losse stuk heeft geen datum en hoort nergens bij.\n",
    "vijandig.md": f"---\ntitel: '{HOSTILE}'\ndatum: 2020-01-02\n---\n# Kop\n\n"
    f"Het stuk zegt: {HOSTILE} en niets meer.\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The service. Its index is built with `build` from what lies in the corpus then."""

    client: TestClient
    settings: Settings
    members: Mapping[str, str]

    def build(self) -> None:
        """Build the index anew."""
        build_index(self.settings, WordEncoder, allow_removals=True)

    def page(self, address: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Page:
        """A page, whole and of this status."""
        answer = self.client.get(address, headers=headers)
        assert answer.status_code == status, answer.text
        return Page(answer.text)

    def passage(self, source: str, number: int = 0) -> str:
        """The id of a passage of the document with this path."""
        knowledge_base = self._knowledge_base
        (record,) = [one for one in knowledge_base.documents() if one.source == source]
        return knowledge_base.passages_of(record.id)[number].id

    def text(self, passage_id: str) -> str:
        """The words of a passage."""
        return self._knowledge_base.passage(passage_id).passage.text

    @property
    def _knowledge_base(self) -> KnowledgeBase:
        found: KnowledgeBase = self.client.app.state.knowledge_base  # type: ignore[attr-defined]
        return found


@contextlib.contextmanager
def make_shelf(folder: Path, *, like: Shelf | None = None) -> Iterator[Shelf]:
    """A shelf with its index, and with a key for members; quicker as a copy of one that was not changed."""
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", ocr="off", rate_address=0)
    if like:
        shutil.copytree(like.settings.corpus, settings.corpus)
        shutil.copytree(like.settings.indexes, settings.indexes, ignore=shutil.ignore_patterns("*keys*"))
    else:
        _write_corpus(settings.corpus)
        build_index(settings, WordEncoder)
    _, secret = Keys(settings.keys_file).create("leden", [Scope.SEARCH, Scope.MEMBERS])
    app = create_app(KnowledgeBase(settings))
    # Not as a context: nothing of these pages asks the model, which would be loaded at the start.
    client = TestClient(app, client=("127.0.0.1", 50_000), base_url="http://127.0.0.1:8000")
    yield Shelf(client=client, settings=settings, members={"authorization": f"Bearer {secret}"})
    client.close()


def _write_corpus(folder: Path) -> None:
    for name, text in _FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

"""Where the things of our own corpus are found at a service that runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.serving import Service

# Questions of which the answer stands in one known place.
IN_PDF = "Wie mag zonder overleg het netwerk afsluiten?"
AT_TOP = "Hoeveel servers werden er versleuteld?"
IN_NOTES = "overleden inwoner kreeg drie keer een aanslag"
WITHOUT_ANSWER = "zwembad op de maan"


class Site:
    """The documents and passages of a service, by what is known of them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        found = service.get("/v1/documents", params={"limit": 100}).json()["documents"]
        self._documents: dict[str, dict[str, Any]] = {document["source"]: document for document in found}

    def document(self, ending: str) -> str:
        """The id of the document of which the path ends so."""
        (source,) = [source for source in self._documents if source.endswith(ending)]
        return str(self._documents[source]["id"])

    def hit(self, query: str, ending: str = "") -> dict[str, Any]:
        """The first hit for a query, in the document of which the path ends so."""
        only = {"document": self.document(ending)} if ending else {}
        (hit,) = self._service.get("/v1/search", params={"q": query, "limit": 1, **only}).json()["hits"]
        return dict(hit)

    def event(self, query: str) -> str:
        """The id of the event of the first hit for a query."""
        return str(self.hit(query)["document"]["event"]["id"])

    def place(self, query: str, ending: str = "") -> str:
        """The viewer's path for the first hit of a query."""
        hit = self.hit(query, ending)
        passage = hit["passageId"]
        return f"/documenten/{hit['document']['id']}?passage={passage}&q={quote(query)}#passage-{passage}"

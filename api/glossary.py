"""What the fields of answers mean and look like, where a shape leaves that unsaid.

A field that stands in many shapes is explained once, in the same words everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A field's meaning, in Dutch, and a value that it may have; None for a field that holds others."""

    meaning: str
    example: Any = None


_GENERATION = "20261124T185454123Z"
_TEXT = "Het college besluit om de proef met digitale besluitvorming voort te zetten."

# By name; with the name of its shape where the same name means another thing there.
GLOSSARY: Mapping[str, Entry] = {
    "added": Entry("Hoeveel documenten er zijn bijgekomen.", 3),
    "alsoIn": Entry("De andere plaatsen waar dezelfde woorden staan, of bijna dezelfde."),
    "bestSentence": Entry("Waar de zin staat die het best bij de vraag past.", [0, 76]),
    "Build.summary": Entry("Het verslag in enkele zinnen.", ["3 documenten toegevoegd, 1 gewijzigd."]),
    "buildId": Entry("De bouwopdracht die al loopt.", "20261124T185454123456Z-0123456789ab"),
    "building": Entry("Of er een bouwopdracht loopt.", False),
    "builds": Entry("De bouwopdrachten, de nieuwste eerst."),
    "changed": Entry("Hoeveel documenten er zijn gewijzigd.", 1),
    "changes": Entry("Wat er bij de laatste bouwopdracht is veranderd."),
    "code": Entry("Vast woord, voor programma's.", "out-of-range"),
    "corrections": Entry("Woorden die misschien verkeerd zijn getypt, met het woord waarop ook is gezocht."),
    "created": Entry("Wanneer de index is gemaakt.", "2026-11-24T18:54:54.123000Z"),
    "date": Entry("De datum, als die zeker is.", "2024-11-07"),
    "dateText": Entry("De datum zoals die er staat, als hij niet zeker is.", "donderdag 7 november"),
    "detail": Entry("Wat er is gebeurd en wat er te doen is.", "limit is 0; it must be from 1 to 100"),
    "document": Entry("Het document waar de passage in staat."),
    "documents": Entry("De documenten."),
    "documentsUndated": Entry("Hoeveel documenten geen zekere datum hebben.", 12),
    "DocumentLinks.file": Entry("Het bestand.", "/v1/documents/4be1a0c3d92f7765/file"),
    "DocumentLinks.page": Entry("De bladzijde om te lezen.", "/documenten/4be1a0c3d92f7765"),
    "DocumentLinks.self": Entry("Het document als gegevens.", "/v1/documents/4be1a0c3d92f7765"),
    "ended": Entry(
        "Wanneer de bouwopdracht klaar was; null zolang zij loopt.", "2026-11-24T18:56:12.050000Z"
    ),
    "error": Entry("Waarom er niets is gepubliceerd; null als het goed ging of nog loopt."),
    "errors": Entry("Alle fouten van het verzoek."),
    "event": Entry("De bijeenkomst waar het document bij hoort; null als die niet bekend is."),
    "filesDone": Entry("Hoeveel bestanden er al zijn gelezen.", 412),
    "filesLeftOut": Entry("Hoeveel bestanden niet zijn opgenomen.", 4),
    "filesTotal": Entry("Hoeveel bestanden er in de verzameling staan.", 582),
    "first": Entry("De eerste dag.", "2018-09-01"),
    "format": Entry("Wat voor bestand het is, naar zijn inhoud.", "pdf"),
    "generation": Entry("De naam van de index.", _GENERATION),
    "Generation.documents": Entry("Hoeveel documenten de index bevat.", 582),
    "Generation.live": Entry("Of deze index in gebruik is.", True),
    "Generation.passages": Entry("Hoeveel passages de index bevat.", 5447),
    "generations": Entry("De indexen, de nieuwste eerst."),
    "groupBy": Entry("Waar de treffers op zijn samengenomen.", "document"),
    "Health.status": Entry("`live`: de dienst leeft. `ready`: de dienst kan antwoorden.", "ready"),
    "highlights": Entry(
        "Waar woorden van de zoekvraag staan: begin en einde, in Unicode-tekens.", [[12, 19]]
    ),
    "hits": Entry("De treffers, de beste eerst."),
    "host": Entry("De organisatie die ontving; null als die niet bekend is.", "Gemeente Waterrijk"),
    "id": Entry("Het id.", "4be1a0c3d92f7765"),
    "identical": Entry("Of de woorden daar dezelfde zijn.", True),
    "in": Entry("Waar de fout zit: in het adres, de body, het pad of een header.", "query"),
    "kind": Entry("Wat voor document het is.", "verslag"),
    "language": Entry("De taal, als ISO 639-1-code; null als die niet bekend is.", "nl"),
    "last": Entry("De laatste dag.", "2018-12-20"),
    "limit": Entry("Hoeveel er hoogstens zijn gevraagd.", 10),
    "line": Entry("De regel, bij platte tekst.", 12),
    "links": Entry("Waar dit te vinden is."),
    "locator": Entry("De plaats in het document."),
    "location": Entry("De naam van de parameter, of een JSON Pointer in de body.", "limit"),
    "message": Entry(
        "Wat er is gebeurd en wat er te doen is, voor de beheerder.",
        "The corpus folder is empty. Put documents in it and build again",
    ),
    "mode": Entry("Hoe er is gezocht.", "hybrid"),
    "model": Entry("Het taalmodel van de index.", "multilingual-e5-small"),
    "morePassages": Entry("De volgende passages uit dit document."),
    "name": Entry("De naam.", "Avond over digitale innovatie"),
    "nearDuplicates": Entry("Hoeveel documenten vrijwel gelijk zijn aan een ander.", 7),
    "next": Entry("De passage erna; null bij de laatste."),
    "note": Entry("Wat er nu nog gebeurt.", "Het document wordt gevonden na de volgende bouwopdracht."),
    "offset": Entry("Hoeveel er zijn overgeslagen.", 0),
    "outdated": Entry("Of er uit een oudere index wordt geantwoord.", False),
    "page": Entry("De bladzijde, geteld vanaf 1.", 4),
    "pageLabel": Entry("Het nummer dat op de bladzijde staat.", "iv"),
    "part": Entry("In welk deel van de bladzijde of dia de tekst staat.", "body"),
    "passageId": Entry("Het id van de passage.", "c0ffee0123456789"),
    "DocumentDetails.passages": Entry("Hoeveel passages het document heeft.", 24),
    "passages": Entry("De passages."),
    "BuildProgress.passages": Entry("Hoeveel passages er al zijn opgenomen.", 5447),
    "Build.passages": Entry("Hoeveel passages er al zijn opgenomen.", 5447),
    "passagesReused": Entry("Hoeveel daarvan ongewijzigd zijn overgenomen.", 5400),
    "period": Entry("De periode waar rekening mee is gehouden; null als de vraag er geen noemt."),
    "pid": Entry("Het proces op de server.", 4711),
    "place": Entry("De plaats; null als die niet bekend is.", "Waterrijk"),
    "previous": Entry("De passage ervoor; null bij de eerste."),
    "query": Entry("De zoekvraag.", "digitale besluitvorming"),
    "query.document": Entry("Alleen deze documenten.", ["4be1a0c3d92f7765"]),
    "query.event": Entry("Alleen deze bijeenkomsten.", ["Avond over digitale innovatie"]),
    "rank": Entry("Telt vanaf 1 over alle treffers.", 1),
    "removed": Entry("Hoeveel documenten er niet meer zijn.", 0),
    "renamed": Entry("Hoeveel documenten een andere naam kregen.", 0),
    "report": Entry("Het hele verslag van de bouwopdracht.", {"documents": 582, "passages": 5447}),
    "score": Entry("Vergelijkt de passages van deze zoekvraag, hoger is beter.", 3.217),
    "self": Entry("Dit zelf.", "/v1/search?q=digitale+besluitvorming"),
    "sha256": Entry(
        "De SHA-256 van het bestand.", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    ),
    "size": Entry("De grootte in bytes.", 184_320),
    "slide": Entry("De dia, geteld vanaf 1.", 12),
    "speakers": Entry("De sprekers.", ["Sam de Vries"]),
    "started": Entry("Wanneer de bouwopdracht begon.", "2026-11-24T18:54:54.123456Z"),
    "Status.documents": Entry("Hoeveel documenten de index bevat.", 582),
    "Status.passages": Entry("Hoeveel passages de index bevat.", 5447),
    "status": Entry("De HTTP-status.", 400),
    "suggestion": Entry("Het woord dat misschien is bedoeld.", "zaaksysteem"),
    "text": Entry("De letterlijke tekst.", _TEXT),
    "themes": Entry("De thema's.", ["digitalisering"]),
    "title": Entry("De titel.", "Verslag van de avond over digitale innovatie"),
    "tookMs": Entry("Hoe lang het zoeken duurde, in milliseconden.", 41.3),
    "total": Entry("Hoeveel er in totaal zijn.", 38),
    "type": Entry("De soort fout; `about:blank` als de status alles zegt.", "about:blank"),
    "word": Entry("Het woord zoals het is getypt.", "zaaksysteeem"),
}


# What the fixed words mean that a field may hold, by the name of their shape.
FIXED_WORDS: Mapping[str, str] = {
    "Access": "Voor wie het document is: iedereen (open) of alleen leden (members).",
    "Facet": "Waarop treffers worden geteld; elk is ook een filter.",
    "GroupBy": "Waar treffers op worden samengenomen.",
    "Kind": "Wat voor document het is, in de woorden van wie ze gebruikt.",
    "Label": "Hoe waarschijnlijk een passage de vraag beantwoordt, in een woord.",
    "Mode": "Op betekenis (dense), op woorden (lexical) of op beide (hybrid).",
    "Part": "Lopende tekst (body), sprekersnotities (notes) of een tabel (table).",
    "SuggestionKind": "Waar een suggestie vandaan komt.",
    "SecondStage": "Wat de eerste passages opnieuw heeft geordend.",
    "Why": "Waarom er een antwoord is of niet.",
    "Sort": "Het best passende eerst (relevance) of het nieuwste eerst (date).",
    "StatementKind": "Een citaat (letterlijk of weergegeven), besluit, actie of vraag.",
}


def meaning_of(shape: str, name: str) -> Entry | None:
    """What is said of a field of a shape."""
    return GLOSSARY.get(f"{shape}.{name}") or GLOSSARY.get(name)

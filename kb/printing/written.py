"""What a language model wrote, of which only the sentences that their sources support are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kb import dutch
from kb.generating import Dropped, Ended, Ending, Generated
from kb.printing.hits import document_json, locator_json, source_line

HEADING = "In de woorden van een taalmodel, voor zover de genoemde passages het zeggen:"
_ENDINGS = {
    Ending.CUT: "Het taalmodel brak zijn antwoord af; wat er staat, klopt met de passages.",
    Ending.TIMED_OUT: "Het taalmodel was niet op tijd klaar (KB_LLM_SECONDS).",
    Ending.FAILED: "Het taalmodel gaf geen bruikbaar antwoord; het logboek zegt waarom.",
    Ending.BUSY: "Het taalmodel heeft het te druk.",
    Ending.OFF: "Er is geen taalmodel ingesteld (KB_LLM_URL, KB_LLM_MODEL).",
    Ending.NOT_ANSWERED: "Zonder antwoord in de stukken wordt het taalmodel niets gevraagd.",
}
_REASONS = {
    Dropped.NO_CITATION: "zonder bron",
    Dropped.UNKNOWN_SOURCE: "met een bron die er niet is",
    Dropped.LANGUAGE: "in een andere taal",
    Dropped.ADDRESS: "met een adres of opmaak",
    Dropped.WORDS: "met woorden die de bron niet heeft",
    Dropped.NUMBER: "met een getal dat de bron niet noemt",
    Dropped.NAME: "met een naam die de bron niet noemt",
    Dropped.CLAIM: "die iets anders zegt dan de bron",
    Dropped.MEANING: "die te ver van de bron afstaat",
}


def sentence_text(found: Generated) -> str:
    """A sentence with the sources that support it, each on a line of its own."""
    sources = [f"     {source_line(one.document, one.passage.locator)}" for one in found.sources]
    return "\n".join([f"   {dutch.printable(found.text)}", *sources])


def end_text(ended: Ended) -> str:
    """How it ended, and what was left out."""
    lines = [_ENDINGS[ended.ending]] if ended.ending in _ENDINGS else []
    if ended.dropped_total:
        many = dutch.count(ended.dropped_total, "zin", "zinnen")
        reasons = ", ".join(
            f"{number} {_REASONS[reason]}" for reason, number in sorted(ended.dropped.items())
        )
        lines.append(f"Weggelaten: {many} ({reasons}).")
    if not ended.kept:
        lines.append("Het letterlijke antwoord hierboven staat.")
    return "\n".join(lines)


def written_json(sentences: Sequence[Generated], ended: Ended) -> dict[str, Any]:
    """The sentences and how it ended, as the events of the API."""
    return {
        "sentences": [
            {
                "text": found.text,
                "sources": [
                    {
                        "passageId": one.passage.id,
                        "document": document_json(one.document),
                        "locator": locator_json(one.passage.locator),
                    }
                    for one in found.sources
                ],
            }
            for found in sentences
        ],
        "ending": ended.ending.value,
        "dropped": ended.dropped_total,
        "reasons": {reason.value: number for reason, number in ended.dropped.items()},
    }

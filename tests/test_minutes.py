"""What minutes tell is found by rule: who said what, decisions, actions and questions. None is guessed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kb.documents import Source
from kb.minutes.lines import lines_of_text
from kb.minutes.marks import find_marked
from kb.minutes.names import Person
from kb.minutes.people import People, find_people
from kb.minutes.quotations import Quotation, find_quotations
from kb.minutes.reading import read_minutes
from kb.minutes.statements import find_statements
from kb.parsing import ReadOptions, parse
from tests.minutes_labels import Score, labelled, scores

LEAST = 0.9
LIST = "Aanwezig: Jan de Wit (Waterrijk), Els Bos (Duinstad, voorzitter), Kees van Dam\n"


def one(text: str) -> Quotation:
    """The one quotation of a text."""
    found = find_quotations(text)
    assert len(found) == 1, [text[quotation.start : quotation.end] for quotation in found]
    return found[0]


def kinds(text: str, *headings: str) -> list[str]:
    """The kinds of the statements below the list of those present."""
    return [str(statement.kind) for statement in find_statements(LIST + text, headings=headings)]


# --- A document of our own ------------------------------------------------------------------------------


def test_minutes_of_our_own_are_read_as_labelled(files: Path) -> None:
    folder = files / "minutes"
    document = parse(folder, Source(path="verslag.md", sha256="", size=0), ReadOptions())
    minutes = read_minutes(document)
    found = {
        (str(one.kind), document.text[one.start : one.end], None, None, None, False)
        for one in minutes.statements
    }
    found |= {
        ("citaat", document.text[one.start : one.end], one.speaker, one.role, one.organisation, one.literal)
        for one in minutes.quotations
    }
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    assert found == {
        (
            label["kind"],
            label["text"],
            label.get("speaker"),
            label.get("role"),
            label.get("organisation"),
            label.get("literal", False),
        )
        for label in labels
    }


# --- Real minutes ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(shared: Path) -> Mapping[str, Mapping[str, Score]]:
    """The scores of each sample."""
    passages = labelled()
    return {
        sample: scores(shared / "corpus", [one for one in passages if one["sample"] == sample])
        for sample in ("tuned", "held", "fresh")
    }


@pytest.mark.parametrize("kind", ["citaat", "spreker", "besluit", "actie", "vraag"])
@pytest.mark.parametrize("sample", ["tuned", "held", "fresh"])
def test_nine_of_ten_that_are_found_in_real_minutes_are_right(
    found: Mapping[str, Mapping[str, Score]], sample: str, kind: str
) -> None:
    score = found[sample][kind]
    assert score.precision >= LEAST, f"{kind}: {score}\n" + "\n".join(score.faults)
    assert score.recall >= 0.7, f"{kind}: {score}"


def test_each_kind_is_labelled_often_enough_to_be_measured() -> None:
    passages = labelled()
    statements = [
        one["kind"] for passage in passages for one in passage["statements"] if not one.get("doubtful")
    ]
    assert len(passages) >= 150
    assert min(statements.count(kind) for kind in ("besluit", "actie", "vraag")) >= 20


def test_labels_hold_no_text_of_the_corpus() -> None:
    def strings(value: Any) -> set[str]:
        if isinstance(value, dict):
            return {
                text
                for key, part in value.items()
                if key not in ("path", "text_sha256")
                for text in strings(part)
            }
        return (
            {text for part in value for text in strings(part)}
            if isinstance(value, list)
            else ({value} if isinstance(value, str) else set())
        )

    assert {text for passage in labelled() for text in strings(passage)} <= {
        "tuned",
        "held",
        "fresh",
        "besluit",
        "actie",
        "vraag",
    }


# --- Who was there --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Aanwezig: Jan de Wit (Waterrijk), Els Bos",
            [("Jan de Wit", None, "Waterrijk"), ("Els Bos", None, None)],
        ),
        (
            "Aanwezig: Jan de Wit (Waterrijk) Els Bos (Duinstad)",
            [("Jan de Wit", None, "Waterrijk"), ("Els Bos", None, "Duinstad")],
        ),
        ("Afwezig: J.P. van der Meer (voorzitter, VNG)", [("J.P. van der Meer", "voorzitter", "VNG")]),
        ("Aanwezig: Jan, Els en Kees", [("Jan", None, None), ("Els", None, None), ("Kees", None, None)]),
        ("Notulist: Els Bos", [("Els Bos", "notulist", None)]),
        ("Deelnemers\nJan de Wit\nEen ander onderwerp", [("Jan de Wit", None, None)]),
        ("Het overleg was online aanwezig voor iedereen", []),
        ("Aanwezig: Gemeente Waterrijk, Stichting Duinstad", []),
    ],
)
def test_those_present_are_read_from_lists(
    text: str, expected: list[tuple[str, str | None, str | None]]
) -> None:
    people = find_people(lines_of_text(text))
    assert [(one.name, one.role, one.organisation) for one in people.persons] == expected


def test_a_first_name_is_its_one_bearer_and_nobody_where_two_have_it() -> None:
    people = People([Person(name="Jan de Wit"), Person(name="Els Bos"), Person(name="Els van Dam")])
    assert people.find("Jan") == Person(name="Jan de Wit")
    assert people.find("De Wit") == Person(name="Jan de Wit")
    assert people.find("Els") == Person(name="Els")
    assert people.find("Els B.") == Person(name="Els Bos")
    assert people.find("Piet") is None


# --- Quotations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hij zei: “we zijn met de ‘binnenboel’ bezig” en ging.", ["“we zijn met de ‘binnenboel’ bezig”"]),
        ("„Dat is zo” en „zo ook“ en «dit»", ["„Dat is zo”", "„zo ook“", "«dit»"]),
        ("Foto's van 's-Gravenhage en de API’s van gemeenten’", []),
        ("'Dit is wel zo', zei hij", ["'Dit is wel zo'"]),
        ("“Een alinea.\n\n“En nog een.” Klaar", ["“Een alinea.\n\n“En nog een.”"]),
        ('een " die niet sluit\nen "een die sluit"', ['"een die sluit"']),
    ],
)
def test_marks_are_paired_as_they_are_written(text: str, words: list[str]) -> None:
    assert [text[one.start : one.end] for one in find_marked(text)] == words


@pytest.mark.parametrize(
    ("text", "words", "speaker", "role", "organisation"),
    [
        (
            "“We kunnen het niet”, aldus Els Bos, secretaris van Duinstad.",
            "“We kunnen het niet”",
            "Els Bos",
            "secretaris",
            "Duinstad",
        ),
        (
            "„Dat is te duur,” zegt wethouder De Vries van Duinstad.",
            "„Dat is te duur,”",
            "De Vries",
            "wethouder",
            "Duinstad",
        ),
        (
            "Jan Bos (CIO, provincie Zeeland) zei: ‘Wij kiezen ervoor.’",
            "‘Wij kiezen ervoor.’",
            "Jan Bos",
            "CIO",
            "provincie Zeeland",
        ),
        (
            "Volgens burgemeester Jan Bos van Duinstad “gaat het te snel”.",
            "“gaat het te snel”",
            "Jan Bos",
            "burgemeester",
            "Duinstad",
        ),
        (
            '"We must act together", said Anna Smith, director of the Data Institute.',
            '"We must act together"',
            "Anna Smith",
            "director",
            "Data Institute",
        ),
        (
            "Een deelnemer vatte samen: “het begint bij vertrouwen”.",
            "“het begint bij vertrouwen”",
            None,
            "deelnemer",
            None,
        ),
        (
            "«Wij zijn klaar», aldus de gemeentesecretaris.",
            "«Wij zijn klaar»",
            None,
            "gemeentesecretaris",
            None,
        ),
        (
            "“Dat moet anders” – Jan de Boer, adviseur bij Duinstad",
            "“Dat moet anders”",
            "Jan de Boer",
            "adviseur",
            "Duinstad",
        ),
        (
            "“Een verhaal.\n\n“En nog een.” Dat zei Kees van Dam.",
            "“Een verhaal.\n\n“En nog een.”",
            "Kees van Dam",
            None,
            None,
        ),
    ],
)
def test_literal_words_have_the_speaker_that_the_text_states(
    text: str, words: str, speaker: str | None, role: str | None, organisation: str | None
) -> None:
    quotation = one(text)
    assert text[quotation.start : quotation.end] == words
    assert quotation.literal
    assert (quotation.speaker, quotation.role, quotation.organisation) == (speaker, role, organisation)


@pytest.mark.parametrize(
    "text",
    [
        "De term “digitale soevereiniteit” en het ‘pas toe of leg uit’-beleid komen terug.",
        "Zie het hoofdstuk “Wat willen wij als gemeente bereiken met onze data?”",
        'Het antwoord is {"detail": "De aanvraag kon door ons niet worden gewijzigd."}',
        "Volgens Common Ground is het zo. De AVG stelt dat het moet.",
        "Geo: dit onderwerp is afgerond.",
        "Jan geeft een presentatie en licht de plannen toe.",
    ],
)
def test_terms_titles_and_subjects_are_no_quotations(text: str) -> None:
    assert not [quotation for quotation in find_quotations(text) if quotation.speaker or quotation.literal]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Jan geeft aan dat het moet.", "Jan de Wit"),
        ("Daarom stelt Els voor om te wachten.", "Els Bos"),
        ("Volgens Jan is het klaar.", "Jan de Wit"),
        ("Het is klaar, aldus Els.", "Els Bos"),
        ("Jan: dat is klaar.", "Jan de Wit"),
        ("Het moet naar binnen gericht zijn. (Els)", "Els Bos"),
        ("Mevrouw Van den Berg vindt het te vroeg.", "Van den Berg"),
        ("Hij geeft aan dat het moet.", None),
        ("De wethouder zegt dat het moet.", None),
    ],
)
def test_reported_words_are_told_from_literal_ones_and_keep_their_speaker(
    text: str, speaker: str | None
) -> None:
    quotation = one(LIST + text)
    assert not quotation.literal
    assert quotation.speaker == speaker


def test_a_turn_goes_on_below_its_name_until_the_next() -> None:
    text = f"{LIST}Jan:\nDat is zo.\nEn dat ook.\nEls: nee."
    assert [(text[one.start : one.end], one.speaker) for one in find_quotations(text)] == [
        ("Dat is zo.\nEn dat ook.", "Jan de Wit"),
        ("nee.", "Els Bos"),
    ]


def test_words_of_two_are_of_each() -> None:
    found = find_quotations(f"{LIST}Jan en Els geven aan dat het moet.")
    assert [one.speaker for one in found] == ["Els Bos", "Jan de Wit"] or [one.speaker for one in found] == [
        "Jan de Wit",
        "Els Bos",
    ]
    assert len({(one.start, one.end) for one in found}) == 1


# --- Decisions, actions, questions ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Het verslag wordt ongewijzigd vastgesteld.",
        "Besloten is om te wachten.",
        "De stuurgroep stemt hiermee in.",
        "Geen opmerkingen, verslag akkoord.",
        "Besluit: we wachten tot mei.",
        "Afgesproken wordt dat dit later terugkomt.",
        "Met alle opmerkingen is versie 1.0 vastgesteld, die wordt verspreid.",
        "De raad besluit om het voorstel aan te nemen.",
    ],
)
def test_decisions_are_found(text: str) -> None:
    assert kinds(text) == ["besluit"]


@pytest.mark.parametrize(
    "text",
    [
        "Vastgesteld wordt dat er weinig animo is.",
        "Er wordt vastgesteld dat dit meerdere partijen raakt.",
        "De notitie moet nog worden vastgesteld.",
        "Als de raad akkoord is, begint de proef.",
        "De minister heeft de wet goedgekeurd.",
        "Het profiel is door het ministerie goedgekeurd.",
        "Het was een besloten vergadering.",
        "Voor de cookies is dit al vastgesteld.",
        "Voorstel Jan: we stellen het volgende keer vast.",
        "Er is niet afgesproken wie het doet.",
    ],
)
def test_what_is_open_proposed_noticed_or_decided_by_others_is_no_decision(text: str) -> None:
    assert "besluit" not in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Jan zoekt uit wat het kost.",
        "Actie: de stukken rondsturen",
        "Taak Jan en Els: de stukken rondsturen",
        "[Actie Els] de stukken rondsturen",
        "[ ] de stukken rondsturen",
        "De stukken rondsturen (actie Jan).",
        "Els neemt contact op met de provincie.",
        "Alle secretarissen leveren een voorbeeld aan.",
        "Dit wordt nagegaan (Kees van Dam)",
        "Frank van Es zal de tekst aanpassen.",
    ],
)
def test_actions_are_found(text: str) -> None:
    assert kinds(text) == ["actie"]


@pytest.mark.parametrize(
    "text",
    [
        "Jan gaat akkoord met de tekst.",
        "Els voegt hieraan toe dat het haast heeft.",
        "De provincie is gevraagd om een bijdrage.",
        "Jan geeft door dat hij een andere baan heeft.",
        "Kees is tevreden over de opkomst.",
        "Jan gaat eind juni naar Brussel, dus de wijzigingen komen later.",
        "Dit zou uitgezocht kunnen worden (Jan)",
    ],
)
def test_what_nobody_is_to_do_is_no_action(text: str) -> None:
    assert "actie" not in kinds(text)


@pytest.mark.parametrize(
    "text",
    ["Wie betaalt dat?", "De vraag is of het kan.", "Jan vraagt of het kan.", "Vraag: wie betaalt dat dan"],
)
def test_questions_are_found(text: str) -> None:
    assert kinds(text) == ["vraag"]


@pytest.mark.parametrize("text", ["Zie https://voorbeeld.nl/zoek?", "Volgende keer (16 april?)", "Jan?"])
def test_a_mark_alone_asks_nothing(text: str) -> None:
    assert kinds(text) == []


def test_lines_below_a_heading_or_announcement_are_its_items() -> None:
    found = find_statements(
        "Stukken rondsturen\nZaal bespreken\nGeen", headings=("Verslag", "3. Actiepunten:")
    )
    assert [str(one.kind) for one in found] == ["actie"] * 2
    text = "De staten besluiten:\n1. het plan vast te stellen;\n2. de brief te sturen\nDaarna werd geborreld."
    found = find_statements(text)
    assert [text[one.start : one.end] for one in found] == [
        "1. het plan vast te stellen;",
        "2. de brief te sturen",
    ]


def test_headings_of_other_words_are_no_sections() -> None:
    assert kinds("Geo is afgerond", "Afspraken & vervolgstappen") == []
    assert kinds("Geo is afgerond", "Architectuurafspraken") == []


@pytest.mark.parametrize(
    "text",
    [
        "Jan de Wit van de " * 5_000,
        "(" * 20_000 + "“" * 20_000,
        "is zijn wordt " * 5_000 + "vastgesteld",
        "A. B. C. D. " * 5_000,
        "Jan, Els en " * 8_000 + ": zegt",
        "Aanwezig: " + "Jan de Wit (Waterrijk), " * 5_000,
        "“Een\n" * 5_000,
        "geeft gaat zal " * 5_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.thread_time()
    find_quotations(text)
    find_statements(text)
    assert time.thread_time() - started < 20


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("Vraag: wanneer is de migratie klaar?", ["vraag"]),
        ("Actie: Jan belt de leverancier.", ["actie"]),
        ("De kring koopt samen in.", ["besluit"]),
    ],
)
def test_what_a_line_calls_itself_counts_for_more_than_its_heading(line: str, kinds: list[str]) -> None:
    assert [str(found.kind) for found in find_statements(f"- {line}", headings=("Besluiten",))] == kinds

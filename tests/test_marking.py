"""Promises of what is marked on a page: the words of the passage where they stand, or nothing."""

from __future__ import annotations

import pytest

from kb.rendering import Box, Word
from kb.rendering.marking import Marked, mark

LINE, SPACE, LETTER = 200, 60, 100


def words_of(*lines: str, x: int = 500, y: int = 1_000) -> tuple[Word, ...]:
    """The words of lines of type, each letter `LETTER` wide."""
    found = []
    for number, line in enumerate(lines):
        left = x
        for word in line.split():
            width = len(word) * LETTER
            found.append(Word(word, Box(left, y + number * LINE, width, LINE - 20)))
            left += width + SPACE
    return tuple(found)


def marked_words(marked: Marked, *spans: tuple[int, int]) -> str:
    """The words under the boxes."""
    boxes = marked.boxes(*spans)
    return " ".join(
        word.text
        for word in marked.words
        if any(
            box.x <= word.box.x
            and word.box.x + word.box.width <= box.x + box.width
            and box.y <= word.box.y
            and word.box.y + word.box.height <= box.y + box.height
            for box in boxes
        )
    )


def all_of(text: str) -> tuple[int, int]:
    return (0, len(text))


def test_a_passage_is_marked_line_by_line_and_nothing_beside_it() -> None:
    page = words_of(
        "Verslag van de kring van secretarissen",
        "De gemeente vervangt dit jaar alle verlichting",
        "in de binnenstad door zuinige lampen.",
        "De raad stemt daarmee in.",
    )
    text = "De gemeente vervangt dit jaar alle verlichting in de binnenstad door zuinige lampen."
    marked = mark(text, page)
    assert marked.is_found
    assert marked_words(marked, all_of(text)) == text
    assert len(marked.boxes(all_of(text))) == 2


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "Elke gemeentesecretaris bespreekt dit in het college.",
            ("Elke gemeentesecre-", "taris bespreekt dit in het college."),
        ),
        (
            "De officiële fiets van de wethouder kost niets.",
            ("De offici\u00eble \ufb01ets van de wethou\u00adder kost niets.",),
        ),
        (
            "De commissie vergadert over de coördinatie.",
            ("D e c o m m i s s i e v e r g a d e r t over de", "coo\u0308rdinatie."),
        ),
        ("Kosten: 12 | Baten: 14 | Saldo: twee miljoen", ("Kosten: 12 Baten: 14", "Saldo: twee miljoen")),
    ],
)
def test_hyphens_ligatures_accents_and_spaces_make_no_difference(text: str, lines: tuple[str, ...]) -> None:
    page = words_of("Een regel die er niet bij hoort", *lines, "en nog een regel daarna")
    marked = mark(text, page)
    assert marked.coverage == 1.0
    assert marked_words(marked, all_of(text)) == " ".join(" ".join(lines).split())


def test_columns_that_the_page_has_in_another_order_are_found() -> None:
    left = words_of("De eerste kolom begint met de agenda", "en eindigt met de vaststelling ervan")
    right = words_of("De tweede kolom gaat over het budget", "en wat daarvan nog over is gebleven", x=6_000)
    text = " ".join(word.text for word in (*left, *right))
    by_line = tuple(sorted((*left, *right), key=lambda word: (word.box.y, word.box.x)))
    marked = mark(text, by_line)
    assert marked.is_found
    assert len(marked.boxes(all_of(text))) == 4


def test_the_words_of_a_query_are_marked_within_the_passage_alone() -> None:
    page = words_of(
        "Verlichting kwam hiervoor al aan bod", "De raad koos nieuwe verlichting voor het hele plein"
    )
    text = "De raad koos nieuwe verlichting voor het hele plein"
    at = text.index("verlichting")
    marked = mark(text, page)
    (box,) = marked.boxes((at, at + len("verlichting")))
    assert box == next(word.box for word in page if word.text == "verlichting")


def test_what_is_not_on_the_page_is_not_marked() -> None:
    page = words_of("De gemeente vervangt dit jaar alle verlichting", "in de binnenstad door zuinige lampen.")
    for text in (
        "Het college stelt de jaarrekening vast en biedt haar de raad aan.",
        "De gemeente vervangt dit jaar alle verlichting en daarna ook de bankjes en alle prullenbakken.",
        "",
        "---",
    ):
        marked = mark(text, page)
        assert not marked.is_found, text
        assert marked.boxes(all_of(text)) == []
    assert not mark("De gemeente vervangt", ()).is_found


def test_a_few_words_are_marked_only_where_they_can_be_nothing_else() -> None:
    page = words_of("Agenda", "Vaststellen van de agenda", "Rondvraag", "Agendapunten")
    assert mark("Rondvraag", page).is_found
    assert not mark("Agenda", page).is_found
    assert not mark("Agendapunt", page).is_found


def test_a_short_piece_far_from_the_rest_is_not_taken_for_part_of_it() -> None:
    filler = [f"Regel {number} gaat over heel iets anders dan dat." for number in range(40)]
    page = words_of("in de raadszaal", *filler, "De burgemeester opent de vergadering om acht uur precies")
    text = "De burgemeester opent de vergadering om acht uur precies in de raadszaal"
    marked = mark(text, page)
    assert marked.is_found
    assert marked_words(marked, all_of(text)) == "De burgemeester opent de vergadering om acht uur precies"


def test_letters_that_are_repeated_without_end_cost_no_time_without_end() -> None:
    page = tuple(Word("a" * 50, Box(0, 0, 10, 10)) for _ in range(2_000))
    assert mark("a" * 100_000, page).coverage <= 1.0
    assert mark("ab" * 2_000, tuple(Word("ab" * 25, Box(0, 0, 10, 10)) for _ in range(2_000))).is_found

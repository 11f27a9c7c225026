from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.chunking import Window, chunk, sentences
from kb.documents import Block, Document, Locator, Metadata, Part, Passage, Role, Source
from tests.geometry import WordEncoder

WINDOW = Window(words=160, overlap_words=30, tokens=400, count_tokens=WordEncoder().count_tokens)


def document(*blocks: Block, title: str = "Titel") -> Document:
    source = Source(path="map/verslag.md", sha256="0" * 64, size=1)
    return Document(source=source, metadata=Metadata(title=title), blocks=blocks)


def paragraph(number: int, words: int, *, headings: tuple[str, ...] = (), page: int | None = None) -> Block:
    text = " ".join(
        f"Zin {number}.{part} telt tien woorden en zegt iets over gemeenten hier."
        for part in range(words // 10)
    )
    return Block(text=text, locator=Locator(headings=headings, page=page))


def overlap(one: Passage, other: Passage) -> int:
    return len(range(other.start, one.end))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("De raad besluit. Het college voert uit.", ["De raad besluit.", "Het college voert uit."]),
        ("Zie o.a. Den Haag en bijv. Utrecht. Klaar.", ["Zie o.a. Den Haag en bijv. Utrecht.", "Klaar."]),
        ("Dhr. A. de Vries en drs. B. Smit spraken.", ["Dhr. A. de Vries en drs. B. Smit spraken."]),
        ("1. Opening\n2. Besluiten", ["1. Opening", "2. Besluiten"]),
        ("Wat nu? Niets! “Echt?” Ja.", ["Wat nu?", "Niets!", "“Echt?”", "Ja."]),
        ("Het kost 1.250 euro. Dat is 3.5 procent.", ["Het kost 1.250 euro.", "Dat is 3.5 procent."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(st.text(max_size=400))
def test_sentences_leave_out_nothing_but_white_space(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def test_passages_are_exact_slices_of_the_document() -> None:
    found = document(*(paragraph(number, 70) for number in range(12)))
    passages = chunk(found, WINDOW)
    assert len(passages) > 3
    for passage in passages:
        assert passage.text == found.text[passage.start : passage.end]
        assert passage.text == passage.text.strip()


def test_every_word_of_a_document_is_in_a_passage() -> None:
    found = document(*(paragraph(number, 70, headings=("A", f"{number // 3}")) for number in range(12)))
    covered = set()
    for passage in chunk(found, WINDOW):
        covered.update(range(passage.start, passage.end))
    missed = [at for at, char in enumerate(found.text) if at not in covered and not char.isspace()]
    assert missed == []


def test_passages_have_about_the_words_that_are_set() -> None:
    found = document(*(paragraph(number, 50) for number in range(40)))
    sizes = [len(passage.text.split()) for passage in chunk(found, WINDOW)]
    assert all(120 <= size <= 200 for size in sizes), sizes


def test_consecutive_passages_overlap_by_whole_sentences_within_the_bound() -> None:
    found = document(*(paragraph(number, 50) for number in range(20)))
    passages = chunk(found, WINDOW)
    for one, other in itertools.pairwise(passages):
        repeated = found.text[other.start : one.end]
        assert 0 < len(repeated.split()) <= 30
        assert repeated.startswith("Zin")


def test_no_passage_crosses_a_page_a_slide_or_a_first_heading() -> None:
    blocks = [paragraph(number, 20, page=number // 2 + 1) for number in range(6)]
    blocks += [paragraph(number, 20, headings=(f"H{number}",)) for number in range(4)]
    blocks += [
        Block(text=f"Dia {number} zegt iets.", locator=Locator(slide=number // 2 + 1, headings=("Dia",)))
        for number in range(4)
    ]
    places = [
        (passage.locator.page, passage.locator.headings, passage.locator.slide)
        for passage in chunk(document(*blocks), WINDOW)
    ]
    assert places == [(page, (), None) for page in (1, 2, 3)] + [
        (None, (f"H{n}",), None) for n in range(4)
    ] + [(None, ("Dia",), slide) for slide in (1, 2)]


def test_speaker_notes_are_a_passage_of_their_own() -> None:
    passages = chunk(
        document(
            Block(text="Op de dia staat dit.", locator=Locator(slide=3)),
            Block(text="In de notities staat dat.", locator=Locator(slide=3, part=Part.NOTES)),
        ),
        WINDOW,
    )
    assert [(passage.text, passage.locator.part) for passage in passages] == [
        ("Op de dia staat dit.", Part.BODY),
        ("In de notities staat dat.", Part.NOTES),
    ]


def test_deep_headings_share_a_passage_under_the_path_they_have_in_common() -> None:
    blocks = [
        Block(
            text=f"Punt {number} is kort.",
            locator=Locator(headings=("Hoofdstuk", "Paragraaf", f"Punt {number}")),
        )
        for number in range(3)
    ]
    (passage,) = chunk(document(*blocks), WINDOW)
    assert passage.locator.headings == ("Hoofdstuk", "Paragraaf")


def test_a_heading_without_text_of_its_own_joins_the_section_it_heads() -> None:
    def heading(*path: str) -> Block:
        return Block(text=path[-1], locator=Locator(headings=path), role=Role.HEADING, level=len(path))

    row = Block(text="Wie: VNG", locator=Locator(headings=("A", "B"), part=Part.TABLE), role=Role.TABLE_ROW)
    passages = chunk(document(heading("A"), heading("A", "B"), row, heading("C")), WINDOW)
    assert [(passage.text, passage.locator) for passage in passages] == [
        ("A\nB\nWie: VNG", Locator(headings=("A", "B"), part=Part.TABLE)),
        ("C", Locator(headings=("C",))),
    ]
    assert passages[0].context == "Titel"


def test_context_names_title_and_headings_that_the_passage_does_not_start_with() -> None:
    locator = Locator(headings=("Besluiten", "Zaaksysteem"))
    (passage,) = chunk(
        document(
            Block(text="Zaaksysteem", locator=locator, role=Role.HEADING, level=2),
            Block(text="De gemeente kiest een zaaksysteem.", locator=locator),
            title="Verslag",
        ),
        WINDOW,
    )
    assert passage.text == "Zaaksysteem\nDe gemeente kiest een zaaksysteem."
    assert passage.context == "Verslag > Besluiten"


def test_a_sentence_longer_than_the_window_is_cut_between_words() -> None:
    text = " ".join(f"woord{number}" for number in range(900))
    passages = chunk(document(Block(text=text, locator=Locator())), WINDOW)
    assert all(WINDOW.count_tokens([passage.text])[0] <= WINDOW.tokens for passage in passages)
    assert {word for passage in passages for word in passage.text.split()} == set(text.split())


def test_a_word_without_end_is_cut_rather_than_lost() -> None:
    text = "a" * 5_000
    passages = chunk(document(Block(text=text, locator=Locator())), WINDOW)
    assert "".join(passage.text for passage in passages) == text


def test_ids_depend_on_path_and_words_alone() -> None:
    blocks = [paragraph(number, 70) for number in range(6)]
    before = {passage.text: passage.id for passage in chunk(document(*blocks), WINDOW)}
    changed = [*blocks, Block(text="Een nieuw slot.", locator=Locator(headings=("Slot",)))]
    after = {passage.text: passage.id for passage in chunk(document(*changed), WINDOW)}
    assert before.items() <= after.items()


def test_the_same_words_twice_are_two_passages() -> None:
    blocks = [Block(text="Dank voor de aandacht.", locator=Locator(slide=number)) for number in (1, 2)]
    assert len({passage.id for passage in chunk(document(*blocks), WINDOW)}) == 2


@pytest.mark.parametrize(
    "text",
    [
        "." * 1_000_000,
        "art. " * 200_000,
        "a" * 2_000_000,
        "woord " * 500_000,
        "Ja. " * 200_000,
        ". " * 500_000,
    ],
    ids=["dots", "abbreviations", "one word", "one sentence", "short sentences", "dots and spaces"],
)
def test_a_text_without_end_is_chunked_in_time_by_its_length(text: str) -> None:
    """Each took minutes to hours when time grew by the square."""
    window = replace(WINDOW, overlap_words=0)
    passages = chunk(document(Block(text=text.strip(), locator=Locator())), window)
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())

"""Names that must not be read: how they are found, and that a mask changes nothing else."""

from __future__ import annotations

import pytest

from kb.privacy.names import Names, words_of

NAMES = Names(
    words_of(name) for name in ("Jan de Bakker", "Zoë Øster", "Wijnand IJzer", "Dorpsstraat 1", "Weiß")
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Jan de Bakker zei dat.", "••• •• •••••• zei dat."),
        ("JAN  DE\u00a0BAKKER", "•••  ••\u00a0••••••"),
        ("verslag_jan-de-bakker.pdf", "verslag_•••-••-••••••.pdf"),
        ("jan.de.bakker@waterrijk.nl", "•••.••.••••••@waterrijk.nl"),
        ("JanDeBakker", "•••••••••••"),
        ("Aldus Jan\nde Bak-\nker, voorzitter", "Aldus •••\n•• •••-\n•••, voorzitter"),
        ("Jan de Bakkers plan, Jan de Bakker's plan", "••• •• ••••••• plan, ••• •• ••••••'• plan"),
        ("Jan\u00ad de\u200b Bak\u00adker", "•••\u00ad ••\u200b •••\u00ad•••"),
        ("Zoe\u0308 Oster en zoë øster", "•••• ••••• en ••• •••••"),
        ("Wĳnand Ĳzer", "•••••• ••••"),
        ("WEISS en Weiß", "••••• en ••••"),
        ("\uff2a\uff41\uff4e de Bakker", "••• •• ••••••"),
        (
            "Jan de Bakker¹, Jan de Bakker2 en 1Jan de Bakker",
            "••• •• ••••••¹, ••• •• ••••••2 en 1••• •• ••••••",
        ),
        ("Jan     de \n\n   Bakker", "•••     •• \n\n   ••••••"),
        ("Dorpsstraat 1, Dorpsstraat 12", "••••••••••• •, Dorpsstraat 12"),
    ],
)
def test_a_name_is_masked_however_it_is_spelled(text: str, masked: str) -> None:
    assert NAMES.masked(text) == masked
    assert len(NAMES.masked(text)) == len(text)


@pytest.mark.parametrize(
    "text", ["Jan de Bakkerij", "Arjan de Bakker", "De bakker", "Jan zei: de heer Bakker", ""]
)
def test_what_is_another_name_or_word_is_left_as_it_is(text: str) -> None:
    assert NAMES.masked(text) == text


def test_names_that_overlap_are_masked_as_one() -> None:
    names = Names([words_of("Jan de Bakker"), words_of("Bakker Meijer")])
    assert names.spans("x Jan de Bakker Meijer y") == [(2, 22)]


def test_without_names_nothing_is_looked_for() -> None:
    assert not Names([])
    assert Names([]).masked("Jan de Bakker") == "Jan de Bakker"

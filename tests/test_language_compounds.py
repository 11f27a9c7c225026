"""Compounds are split into what they are made of, and nothing else is."""

from __future__ import annotations

import gc
import re
import weakref
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language import Lexicon, tokens

# Each compound as its parts; a linking letter stands in brackets.
_COMPOUNDS = """
    raad(s)+informatie+systeem informatie+systeem zaak+systeem gemeente+raad gemeente+secretaris
    burger+zaken overheid(s)+dienst privacy+beleid data+kwaliteit informatie+beveiliging
    bestuur(s)+besluit archief+wet basis+registratie gegevens+bescherming gegevens+uitwisseling werk+groep
    project+leider wijk+team raad(s)+lid raad(s)+vergadering gemeente+huis stad+huis jeugd+zorg
    omgeving(s)+vergunning omgeving(s)+wet afval+inzameling verkeer(s)+besluit bestemming(s)+plan
    woning+bouw energie+transitie klimaat+beleid subsidie+regeling belasting+aanslag rijbewijs+aanvraag
    paspoort+aanvraag klant+contact burger+participatie inwoner(s)+panel digitalisering(s)+agenda
    cloud+strategie algoritme+register software+leverancier inkoop+voorwaarden contract+beheer risico+analyse
    toegang(s)+beheer personeel(s)+beleid kind(er)+opvang leerling(en)+vervoer mantel+zorg
    schuld+hulpverlening vluchteling(en)+opvang financiën+commissie rekenkamer+rapport web+formulier
    api+strategie project+documentatie kennis+bank gebruiker(s)+onderzoek kwaliteit(s)+eisen
    document+beheer+systeem
"""
COMPOUNDS = {
    re.sub(r"[()+]", "", word): tuple(part.split("(")[0] for part in word.split("+"))
    for word in _COMPOUNDS.split()
}

_NO_COMPOUNDS = """
    gemeente beleid overheid bestuur verslag besluit aanpak onderzoek standaard ontwikkeling voorstel
    vergadering burgemeester wethouder samenwerking bijeenkomst toepassing uitvoering veiligheid mogelijkheid
    belangrijk belangrijke landelijk duidelijk openbaar beschikbaar verantwoordelijk verantwoording
    organisatie informatie presentatie communicatie participatie registratie kwaliteit identiteit
    vertegenwoordiger medewerker gebruiker inwoner leverancier eigenaar wetenschap maatschappij landschap
    voorwaarde antwoord onderwerp voorbeeld onderdeel aandacht gesprek resultaat personeel gegevens
    toestemming inspraak overleg afspraak omgeving oplossing verandering
"""
NO_COMPOUNDS = _NO_COMPOUNDS.split()

# Words of which the above could be made up by chance: short, frequent, or what a line break left behind.
_TRAPS = """
    gemeen best uur over heid onder zoek stand aard voor stel samen werking bijeen komst toe passing uit
    voering veilig mogelijk belang rijk rijke land lijk open baar beschik verantwoord woord wet houder meester
    houden aan pak slag sluit besl ontwikkel ling form atie present organ reg commun part ident kwal iteit
    vertegen mede werker woner eigen schap maat lands waarde deel beeld dacht recht heden stem ming inning
    spraak leg omge ving loss ander ring sten ten ende ingen eerd lever tussen gelijk
"""
TRAPS = _TRAPS.split()


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    """As a corpus would teach it: parts are frequent, traps more so, compounds rare."""
    parts = {part for found in COMPOUNDS.values() for part in found}
    return Lexicon(
        {
            **dict.fromkeys(COMPOUNDS, 3),
            **dict.fromkeys(TRAPS, 50),
            **dict.fromkeys(parts, 40),
            **dict.fromkeys(NO_COMPOUNDS, 60),
        }
    )


def test_there_are_sixty_cases_of_either_kind() -> None:
    assert len(COMPOUNDS) >= 60
    assert len(set(NO_COMPOUNDS)) >= 60


def test_compounds_are_split_into_their_parts(lexicon: Lexicon) -> None:
    wrong = {word: lexicon.parts(word) for word, parts in COMPOUNDS.items() if lexicon.parts(word) != parts}
    assert len(wrong) <= 0.05 * len(COMPOUNDS), wrong


def test_words_that_are_no_compounds_stay_whole(lexicon: Lexicon) -> None:
    assert {word: lexicon.parts(word) for word in NO_COMPOUNDS if lexicon.parts(word)} == {}


def test_words_that_are_no_compounds_stay_whole_where_the_corpus_never_holds_them() -> None:
    lexicon = Lexicon(dict.fromkeys(TRAPS, 50))
    split = {word: lexicon.parts(word) for word in NO_COMPOUNDS if lexicon.parts(word)}
    assert len(split) <= 0.05 * len(NO_COMPOUNDS), split


def test_words_that_are_no_compounds_stay_whole_in_a_real_corpus(shared: Path) -> None:
    counts: Counter[str] = Counter()
    for file in sorted((shared / "corpus").rglob("*.md")):
        counts.update(word for word, _, _ in tokens(file.read_text(encoding="utf-8", errors="replace")))
    lexicon = Lexicon(counts)
    assert {word: lexicon.parts(word) for word in NO_COMPOUNDS if lexicon.parts(word)} == {}
    split = [word for word, parts in COMPOUNDS.items() if min(counts[part] for part in parts) >= 3]
    missed = [word for word in split if not lexicon.parts(word)]
    assert len(split) >= 20
    assert len(missed) <= 0.1 * len(split), missed


def test_a_frequent_word_is_no_compound_of_rare_ones() -> None:
    assert Lexicon({"maatregel": 90, "maat": 4, "regel": 9}).parts("maatregel") == ()
    assert Lexicon({"maatregel": 3, "maat": 4, "regel": 9}).parts("maatregel") == ("maat", "regel")


def test_nothing_is_split_into_words_that_the_corpus_does_not_hold() -> None:
    assert Lexicon({}).parts("raadsinformatiesysteem") == ()
    assert Lexicon({"raad": 9, "informatie": 9}).parts("raadsinformatiesysteem") == ()


def test_parts_do_not_depend_on_the_order_in_which_words_were_counted() -> None:
    counts = dict.fromkeys([*TRAPS, *(part for parts in COMPOUNDS.values() for part in parts)], 40)
    one, other = Lexicon(counts), Lexicon(dict(reversed(counts.items())))
    assert all(one.parts(word) == other.parts(word) for word in [*COMPOUNDS, *NO_COMPOUNDS])


def test_the_longest_words_are_split_in_no_time() -> None:
    lexicon = Lexicon({"a" * length: 9 for length in range(1, 30)})
    assert lexicon.parts("a" * 59)
    assert lexicon.parts("a" * 10_000) == ()


@given(st.text(max_size=80))
def test_any_text_has_parts_that_stand_in_it_in_order(word: str) -> None:
    lexicon = Lexicon(dict.fromkeys(re.findall(r"\w{3,6}", word.lower()), 5))
    at = 0
    for part in lexicon.parts(word):
        at = word.index(part, at) + len(part)


def test_a_lexicon_comes_back_as_it_was_written(tmp_path: Path) -> None:
    Lexicon({"raad": 9, "systeem": 8, "eenmalig": 1}, {"council": 5}).write(tmp_path / "lexicon.tsv")
    assert (tmp_path / "lexicon.tsv").read_text(
        encoding="utf-8"
    ) == "council\t0\t5\nraad\t9\t0\nsysteem\t8\t0\n"
    lexicon = Lexicon.read(tmp_path / "lexicon.tsv", terms={"raad"})
    assert lexicon.parts("raadsysteem") == ("raad", "systeem")
    assert lexicon.correction("cuoncil") == "council"


def test_lexicons_of_the_same_words_split_them_once_while_one_is_in_use(tmp_path: Path) -> None:
    file, other = tmp_path / "lexicon.tsv", tmp_path / "other.tsv"
    Lexicon({"raad": 9, "systeem": 8}).write(file)
    Lexicon({"raad": 9, "systeem": 7}).write(other)
    one = Lexicon.read(file)
    assert Lexicon.read(file, terms={"raad"}).compounds is one.compounds
    assert Lexicon.read(other).compounds is not one.compounds
    known = weakref.ref(one.compounds)
    del one
    gc.collect()
    assert known() is None

"""Promises of themes: how they are written down, which passages belong to them, which a corpus suggests."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from kb.errors import SettingsError
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.indexing import build_index
from kb.settings import Settings
from kb.suggestions.themes import LearnedThemes, suggest_themes
from kb.themes import Theme, load_themes, theme_id, themes_digest, themes_yaml
from kb.themes.matching import rows_about, theme_rows
from tests.geometry import WordEncoder

FILES = {
    "verslag.md": "# Verslag\n\nDe gemeente werkt aan digitale inclusie. Iedereen doet mee.\n\n"
    "## Balie\n\nDe digitale balie is open. Over inclusie is niets gezegd.\n\n"
    "## Dienst\n\nEr is een kleine informatiebeveiligingsdienst. Die groeit.\n\n"
    "## Doel\n\nInclusie, mits digitaal, is het doel van deze bijeenkomst.\n",
    "paper.md": "# Digitale inclusie\n\nWie niet mee kan komen, krijgt hulp.\n",
    "engels.md": "# Open\n\nThis is about what matters to all of us: digital inclusion. The data are open.\n",
    # The words of the compound by themselves, so that it can be taken apart.
    "woorden.md": "# Woorden\n\n" + "Informatie, en beveiliging, en dienst.\n\n" * 4,
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    with built(tmp_path_factory.mktemp("themes"), FILES) as index:
        yield index


@contextlib.contextmanager
def built(folder: Path, files: Mapping[str, str], themes: str = "[]") -> Iterator[EmbeddedIndex]:
    """The index of these files, without themes or with those of a file."""
    (folder / "corpus").mkdir()
    for name, text in files.items():
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    settings = Settings(
        corpus=folder / "corpus", indexes=folder / "indexes", themes=written(folder, themes), ocr="off"
    )
    build_index(settings, WordEncoder)
    with contextlib.closing(EmbeddedIndex.open(Generations(settings.indexes).current())) as index:
        yield index


def found(index: EmbeddedIndex, *queries: str) -> list[str]:
    return [one.passage.text for one in index.passages(rows_about(queries, index))]


def test_a_passage_belongs_to_a_theme_when_one_sentence_has_all_words_of_a_query(
    index: EmbeddedIndex,
) -> None:
    texts = found(index, "digitale inclusie")
    assert [text[:12] for text in texts] == ["Digitale inc", "Verslag\nDe g", "Doel\nInclusi"]
    assert found(index, "INCLUSIE digitaal") == texts


def test_the_title_above_a_passage_counts_with_its_sentences(index: EmbeddedIndex) -> None:
    assert len(found(index, "digitale inclusie hulp")) == 1
    (text,) = found(index, "verslag digitale balie")
    assert text.startswith("Balie\nDe digitale balie")


def test_words_are_found_in_any_form_and_as_parts_of_compounds(index: EmbeddedIndex) -> None:
    assert any("informatiebeveiligingsdienst" in text for text in found(index, "beveiligen diensten"))
    (text,) = found(index, "matter digital inclusions")
    assert "digital inclusion" in text


def test_one_query_is_enough_and_small_words_do_not_count(index: EmbeddedIndex) -> None:
    assert len(found(index, "digital inclusion", "digitale inclusie")) == 4
    assert found(index, "de balie van het digitale") == found(index, "digitale balie")
    assert found(index, "wat nergens staat") == []
    assert [(theme.name, len(rows)) for theme, rows in theme_rows([Theme(name="Niets")], index)] == [
        ("Niets", 0)
    ]


def test_a_dutch_word_that_is_a_small_word_in_english_tells_a_subject(tmp_path: Path) -> None:
    files = {"a.md": "# A\n\nDe haven is vol.\n", "b.md": "# B\n\nDe kade is leeg.\n"}
    with built(tmp_path, files) as index:
        assert len(found(index, "haven")) == 1
        assert len(found(index, "de haven of the kade")) == 0
        assert len(found(index, "the haven")) == 1


def test_the_themes_we_ship_can_be_read_and_have_a_name_description_and_queries() -> None:
    shipped = load_themes()
    assert len(shipped) >= 10
    assert all(theme.description and theme.queries for theme in shipped)
    assert len({theme.key for theme in shipped}) == len(shipped)


def written(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "themes.yaml"
    file.write_text(content, encoding="utf-8")
    return file


def test_a_file_of_ones_own_takes_their_place(tmp_path: Path) -> None:
    file = written(tmp_path, "- name: '  Water   en dijken '\n  queries: [dijk, hoog water]\n")
    (theme,) = load_themes(file)
    assert (theme.name, theme.description, theme.queries) == ("Water en dijken", "", ("dijk", "hoog water"))
    assert theme.id == theme_id("water en dijken")
    assert load_themes(written(tmp_path, "# none yet\n")) == ()
    assert load_themes(written(tmp_path, "[]")) == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("- name: [", "cannot be read"),
        ("dijk: water", "Write each theme as a list item"),
        ("- dijk", "Theme 1 is no theme: write - name"),
        ("- queries: [dijk]", "Theme 1, name: Field required"),
        ("- name: Dijk\n- name: Water\n  query: [x]", "Theme 2 (Water) has 'query'"),
        ("- name: Dijk\n  queries: [no]", "Theme 1 (Dijk), queries 1: False is not read as text; put quotes"),
        ("- name: 2024", "Theme 1, name: 2024 is not read as text; put quotes"),
        ("- name: ''", "Theme 1 (), name"),
        ("- name: Dijk\n  queries: [de het een]", "has no word that tells a subject"),
        ("- name: Dijk\n  queries: ['!!']", "has no word that tells a subject"),
        ("- name: Dijk\n- name: ' dijk '", "more than one theme 'dijk'. Put their queries under one"),
        ("- name: Dijk\n  queries: dijk", "Theme 1 (Dijk), queries"),
        ("- name: " + "x" * 200, "Theme 1"),
        ("- name: !!python/object/apply:os.system [ls]", "cannot be read"),
        ("[" * 5_000, "cannot be read"),
        ("- name: 2024-02-31", "cannot be read"),
        ("- name: Dijk\n  queries: [" + "9" * 5_000 + "]", "cannot be read"),
        ("- name: &a [dijk, dijk]\n- name: [*a, *a]", "aliases (*name) are not read"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_what_to_do(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_themes(written(tmp_path, content))
    assert "KB_THEMES" in str(error.value)
    assert told in str(error.value)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KB_THEMES"):
        load_themes(tmp_path / "nergens.yaml")
    (tmp_path / "binair.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="KB_THEMES"):
        load_themes(tmp_path / "binair.yaml")


def test_other_queries_or_descriptions_make_other_themes() -> None:
    one = Theme(name="Dijk", queries=("dijk",))
    others = [
        Theme(name="Dijk", queries=("dijken",)),
        Theme(name="Dijk", queries=("dijk",), description="Water"),
        Theme(name="Dijk"),
    ]
    assert len({themes_digest([theme]) for theme in (one, *others)}) == 4
    assert themes_digest([one]) == themes_digest([one.model_copy()])


def test_themes_as_yaml_are_read_as_the_same_themes(tmp_path: Path) -> None:
    themes = [Theme(name="no", queries=("dijk: #3", "été"), description="a # b"), Theme(name="'x\"")]
    assert list(load_themes(written(tmp_path, themes_yaml(themes)))) == themes
    assert yaml.safe_load(themes_yaml([])) is None


def suggested(folder: Path, *, years: int, subject: str, documents: int = 3, themes: str = "[]") -> list[str]:
    """The names that a corpus of twelve documents suggests, some of which are on a subject."""
    files = {
        f"{number:02}.md": f"# Stuk {number}\n\nDatum: 1 maart {2018 + number % years}\n\n"
        + (
            f"Er is veel gezegd over de {subject}. Het duurt jaren. Wie betaalt de {subject}?\n\n"
            f"Volgens Jan is een {subject} duur.\n"
            if number < documents
            else "Jan zei dat de vergadering duurt. Wie betaalt, is niet gezegd. De dijk is dicht.\n"
        )
        for number in range(12)
    }
    # The words of the compound by themselves, so that it can be taken apart.
    files["woorden.md"] = "# Woorden\n\n" + "Dijk en versterking.\n\n" * 6
    with built(folder, files, themes) as index:
        return [one.theme.name for one in suggest_themes(index)]


def test_a_corpus_suggests_what_it_comes_back_to_in_several_years(tmp_path: Path) -> None:
    assert suggested(tmp_path, years=3, subject="dijkversterking") == ["Dijkversterking"]


def test_two_words_can_be_a_suggestion(tmp_path: Path) -> None:
    assert suggested(tmp_path, years=3, subject="stalen kering") == ["Stalen kering"]


def test_what_is_of_one_year_or_of_few_documents_is_not_suggested(tmp_path: Path) -> None:
    for name, years, documents in (("one-year", 12, 1), ("few", 3, 2)):
        (tmp_path / name).mkdir()
        subject = "dijkversterking"
        assert suggested(tmp_path / name, years=years, subject=subject, documents=documents) == []


def test_names_are_not_suggested(tmp_path: Path) -> None:
    assert suggested(tmp_path, years=3, subject="Dijkversterking") == []


def test_what_a_theme_is_about_is_not_suggested_again(tmp_path: Path) -> None:
    for name, query, expected in (("other", "haven", ["Dijkversterking"]), ("same", "dijkversterking", [])):
        (tmp_path / name).mkdir()
        themes = f"- name: Water\n  queries: [{query}]\n"
        assert suggested(tmp_path / name, years=3, subject="dijkversterking", themes=themes) == expected


def test_suggestions_are_made_in_the_background_and_once_for_an_index(index: EmbeddedIndex) -> None:
    learned = LearnedThemes()
    first = learned.of(index)
    assert first.themes == ()
    deadline = time.monotonic() + 60
    while not learned.of(index).is_complete:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert learned.of(index) is learned.of(index)

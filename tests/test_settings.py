from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.indexing.staleness import READERS_OWN
from kb.settings import Settings


def test_settings_come_from_the_environment_and_an_override_goes_first() -> None:
    settings = Settings.load(
        {"KB_CORPUS": "/a", "KB_PORT": "9000", "HOME": "/x"}, corpus=Path("/b"), indexes=None
    )
    assert (settings.corpus, settings.port, settings.indexes) == (Path("/b"), 9000, Path("indexes"))


def test_an_unknown_setting_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsError, match="KB_CORPSU is not a setting; did you mean KB_CORPUS"):
        Settings.load({"KB_CORPSU": "/a"})


def test_every_setting_that_cannot_be_used_is_named_with_its_value() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load({"KB_PORT": "http", "KB_PASSAGE_WORDS": "5"})
    assert "KB_PORT" in str(caught.value)
    assert "'http'" in str(caught.value)
    assert "KB_PASSAGE_WORDS" in str(caught.value)


def test_an_overlap_that_swallows_the_passage_is_refused() -> None:
    with pytest.raises(SettingsError, match="half"):
        Settings.load({"KB_PASSAGE_WORDS": "60", "KB_OVERLAP_WORDS": "40"})


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_of_every_setting_it_is_known_whether_it_decides_what_an_index_holds() -> None:
    """One that is forgotten among those that do not would have every index built again for nothing."""
    assert set(Settings.model_fields) - READERS_OWN == {
        "exact_passages", "file_megabytes", "file_pages", "file_seconds", "index", "late_interaction",
        "model", "ocr", "ocr_languages", "overlap_words", "passage_prompt", "passage_words", "query_prompt",
        "reader_megabytes", "sentence_vectors",
    }  # fmt: skip
    assert set(Settings.model_fields) >= READERS_OWN

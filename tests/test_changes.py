from __future__ import annotations

import pytest

from kb.changes import Changes, Hashes


def hashes(**files: str) -> Hashes:
    return {path: (content, "") for path, content in files.items()}


def test_documents_are_added_changed_and_removed() -> None:
    found = Changes.between(hashes(a="1", b="2", c="3"), hashes(a="1", b="new", d="4"))
    assert found == Changes(added=("d",), changed=("b",), removed=("c",), before=3)


def test_another_sidecar_is_a_change() -> None:
    found = Changes.between({"a": ("1", "")}, {"a": ("1", "sidecar")})
    assert found.changed == ("a",)


def test_a_file_with_the_bytes_of_one_that_is_gone_was_renamed() -> None:
    found = Changes.between(hashes(old="1", b="2"), hashes(new="1", b="2"))
    assert (found.renamed, found.added, found.removed) == ((("old", "new"),), (), ())


def test_each_of_two_equal_files_is_renamed_once() -> None:
    before, after = hashes(a="1", b="1", c="1"), hashes(d="1", e="1", f="2")
    found = Changes.between(before, after)
    assert found.renamed == (("a", "d"), ("b", "e"))
    assert (found.added, found.removed) == (("f",), ("c",))


def test_a_copy_of_what_is_still_there_is_added() -> None:
    assert Changes.between(hashes(a="1"), hashes(a="1", b="1")).added == ("b",)


@pytest.mark.parametrize(
    ("before", "gone", "too_much"), [(10, 2, False), (10, 3, True), (4, 1, True), (0, 0, False)]
)
def test_more_than_a_fifth_is_too_much(before: int, gone: int, too_much: bool) -> None:
    all_of_them = {str(number): (str(number), "") for number in range(before)}
    kept = dict(list(all_of_them.items())[gone:])
    assert Changes.between(all_of_them, kept).remove_too_much is too_much

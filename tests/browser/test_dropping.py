"""Promises about files that are dragged onto the page of Beheer."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import expect

from kb.settings import Settings
from tests.browser.conftest import Opens

_DRAGGED = """() => {
  const dragged = new DataTransfer();
  for (const name of ['gesleept-een.md', 'gesleept-twee.md'])
    dragged.items.add(new File([`# ${name}`], name));
  return dragged;
}"""


def test_files_that_are_dropped_are_added_one_after_the_other(
    read: Opens, settings: Settings, secrets: Mapping[str, str]
) -> None:
    page = read("/beheer", key=secrets["admin"])
    page.get_by_label("Map (mag leeg blijven)").fill("gesleept")
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(".drop", event, {"dataTransfer": page.evaluate_handle(_DRAGGED)})
    told = page.get_by_role("status").get_by_role("listitem")
    expect(told).to_have_text(["gesleept-een.md toegevoegd", "gesleept-twee.md toegevoegd"])
    added = sorted((settings.corpus / "gesleept").iterdir())
    assert [file.read_text() for file in added] == ["# gesleept-een.md", "# gesleept-twee.md"]
    for file in added:
        file.unlink()
    (settings.corpus / "gesleept").rmdir()
    # One that misses its place does not take the reader away.
    assert page.evaluate(
        """() => !document.body.dispatchEvent(
          new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() }))"""
    )

"""Pictures of pages, for who judges how they look."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page


def take(page: Page, file: Path) -> None:
    """Take a picture of what is on the screen once all of it is there, and look whether it shows anything."""
    page.wait_for_load_state("networkidle")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    with Image.open(file) as picture:
        # More than a blank page.
        assert len(picture.convert("RGB").getcolors(maxcolors=1 << 24) or []) > 20

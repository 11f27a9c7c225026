"""Put the pictures of the manual in docs/beelden, from those that tests made: `make screenshots`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
MADE = ROOT / "build" / "screenshots"
SHOWN = ROOT / "docs" / "beelden"
# The state of a page, and the name of its picture in the manual.
CHOSEN = {
    "resultaten": "resultaten.png",
    "document-pdf-boven": "document.png",
    "dossier": "dossier.png",
    "beheer": "beheer.png",
}
# Enough for flat colours and the edges of letters.
_COLOURS = 128


def main() -> None:
    """Write each chosen picture with few colours, so that it is small."""
    SHOWN.mkdir(exist_ok=True)
    for state, name in CHOSEN.items():
        with Image.open(MADE / f"{state}.png") as picture:
            few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(SHOWN / name, optimize=True)
        print(f"{name}: {(SHOWN / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

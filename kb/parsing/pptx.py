"""PowerPoint presentations: the slides in order, each with its title, shapes and notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kb.documents import Block, Gap, Metadata, Role
from kb.errors import DamagedFile, NoTextLayer, TooLarge
from kb.parsing.containers import Container, Element, opened, whole
from kb.parsing.drawings import R
from kb.parsing.pptx_shapes import P, PlaceholderStyles, ShapeReader, placeholder_kind
from kb.parsing.properties import believable_title, property_metadata
from kb.parsing.reading import Reading, ReadOptions
from kb.parsing.slides import Line, Slide, deck_blocks

# EMU (914,400 to the inch): a slide of 10 by 7.5 inches, where the file does not say.
_DEFAULT_SIZE = (9_144_000.0, 6_858_000.0)
_NOT_NOTES = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def read_pptx(path: Path, options: ReadOptions) -> Reading:
    """Every slide, hidden ones too, under its real number from 1.

    Raises NoTextLayer when no slide holds text, otherwise what `opened` raises.
    """
    with opened(path, limits=options.limits) as container:
        main = _main_part(container, path)
        presentation = container.xml(main)
        size = _size(presentation)
        slides = _slides(container, presentation, main=main, limit=options.limits.pages)
        blocks, gaps = deck_blocks(_read(container, slides, size), size=size, limits=options.limits)
        if not blocks:
            raise NoTextLayer(f"{path.name} holds no text{''.join(f'; {gap.message}' for gap in gaps[:1])}")
        core = next(iter(container.related("", "core-properties")), "docProps/core.xml")
        metadata = property_metadata(container.xml_if_there(core), stem=path.stem)
        return Reading(
            blocks=tuple(blocks),
            metadata=metadata.or_else(Metadata(title=_first_title(blocks, path))),
            gaps=(*gaps, *container.missing()),
        )


def _main_part(container: Container, path: Path) -> str:
    for part in [*container.related("", "officeDocument"), "ppt/presentation.xml"]:
        if part in container and container.xml(part).tag == f"{P}presentation":
            return part
    raise DamagedFile(f"{path.name} holds no presentation")


def _size(presentation: Element) -> tuple[float, float]:
    for element in presentation.iterchildren(f"{P}sldSz"):
        width, height = whole(element.get("cx"), 0), whole(element.get("cy"), 0)
        if width > 0 and height > 0:
            return float(width), float(height)
    return _DEFAULT_SIZE


def _slides(container: Container, presentation: Element, *, main: str, limit: int) -> list[str]:
    """The part of each slide in the order of the show; "" for one that is missing."""
    links = container.relationships(main)
    identifiers = [element.get(f"{R}id", "") for element in presentation.iter(f"{P}sldId")]
    if len(identifiers) > limit:
        raise TooLarge(f"the presentation has {len(identifiers)} slides; at most {limit} are read")
    return [links[key].target if key in links and not links[key].external else "" for key in identifiers]


def _read(container: Container, slides: list[str], size: tuple[float, float]) -> Iterator[Slide]:
    styles = PlaceholderStyles(container)
    for number, part in enumerate(slides, start=1):
        if part not in container:
            message = "The slide is missing from the file."
            yield Slide(
                number=number, title="", shapes=(), gaps=(Gap(code="damaged", message=message, page=number),)
            )
            continue
        yield _read_slide(container, part, number=number, styles=styles, size=size)


def _read_slide(
    container: Container, part: str, *, number: int, styles: PlaceholderStyles, size: tuple[float, float]
) -> Slide:
    root = container.xml(part)
    reader = ShapeReader(container, part, styles=styles.of(part), size=size)
    shapes = reader.read(root)
    gaps = tuple(Gap(code="attachment", message=message, page=number) for message in reader.attachments)
    if reader.too_deep:
        gaps += (Gap(code="truncated", message="Groups nested too deeply are not read.", page=number),)
    return Slide(
        number=number,
        title=reader.title,
        shapes=tuple(shapes),
        notes=tuple(_notes(container, part)),
        picture=reader.picture,
        gaps=gaps,
    )


def _notes(container: Container, slide: str) -> Iterator[Line]:
    for part in container.related(slide, "notesSlide")[:1]:
        reader = ShapeReader(container, part, styles=None, size=_DEFAULT_SIZE, notes=True)
        root = container.xml(part)
        for element in list(root.iter(f"{P}sp")):
            if placeholder_kind(element) in _NOT_NOTES:
                element.getparent().remove(element)
        for shape in reader.read(root):
            yield from shape.lines


def _first_title(blocks: list[Block], path: Path) -> str | None:
    for block in blocks:
        if block.locator.slide != 1:
            break
        if block.role is Role.HEADING:
            return believable_title(block.text, stem=path.stem)
    return None

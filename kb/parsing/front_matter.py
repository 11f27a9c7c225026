"""The YAML between two lines of dashes at the top of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kb.corpus.sidecars import BrokenYaml, access_told, load_mapping, read_front_matter
from kb.documents import Gap, Metadata

_FENCE = re.compile(r"-{3,}\s*")
_END = re.compile(r"(?:-{3,}|\.{3})\s*")
_MAX_LINES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """`lines` is how many lines of the text it takes, its fences included."""

    lines: int = 0
    metadata: Metadata = field(default_factory=Metadata)
    gaps: tuple[Gap, ...] = ()


def read_front(lines: list[str]) -> FrontMatter:
    """The front matter of a text's lines. One that cannot be used becomes a gap, not a failure."""
    if not lines or not _FENCE.fullmatch(lines[0]):
        return FrontMatter()
    end = next((at for at in range(1, min(len(lines), _MAX_LINES)) if _END.fullmatch(lines[at])), None)
    body = lines[1:end] if end is not None else []
    # A rule at the top of a text also looks like a fence, but no key follows it.
    if end is None or not any(re.match(r"[\w-]+\s*:", line) for line in body):
        return FrontMatter()
    try:
        metadata, faulty = read_front_matter(load_mapping("\n".join(body)))
    except BrokenYaml as error:
        return FrontMatter(
            lines=end + 1,
            metadata=Metadata(access=access_told("\n".join(body))),
            gaps=(_gap(f"The front matter is not used: {error}"),),
        )
    gaps = (_gap(f"Not used of the front matter: {', '.join(faulty)}"),) if faulty else ()
    return FrontMatter(lines=end + 1, metadata=metadata, gaps=gaps)


def _gap(message: str) -> Gap:
    return Gap(code="front-matter", message=message)

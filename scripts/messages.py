"""Bring api/locales in line with the messages in the code and the templates: `make messages`.

New messages are added without a translation, those that are gone are left out. A test fails while a message
lacks its translation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "api" / "locales"
# (function, which of its arguments are messages)
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "message": None,
    "ngettext": (1, 2),
    "count": (2, 3),
    "forms": (1, 2),
}
SOURCES = (("api/pages", "*.py", "python"), ("api/templates", "*.html", "jinja2.ext:babel_extract"))
ALSO = (("kb/dutch.py", "python"),)


def messages() -> Catalog:
    """Every message there is, with the files that it stands in."""
    catalogue = Catalog(project="kennisbank", fuzzy=False)
    for file, method in _files():
        options = {"trimmed": "true"} if method.startswith("jinja2") else {}
        name = file.relative_to(ROOT).as_posix()
        for _, text, _, _ in extract_from_file(method, file, keywords=KEYWORDS, options=options):
            catalogue.add(text, locations=[(name, None)])  # type: ignore[list-item]
    return catalogue


def main() -> int:
    """Write every catalogue anew; the exit status is 1 when a message lacks its translation."""
    found = messages()
    missing = 0
    for file in sorted(LOCALES.glob("*/LC_MESSAGES/kennisbank.po")):
        known = read_po(file.read_bytes().splitlines(keepends=True), locale=file.parent.parent.name)
        created = known.creation_date
        known.update(found, no_fuzzy_matching=True)
        known.creation_date = created
        known.obsolete.clear()
        for one in known:
            # Babel marks what became a plural or ceased to be one, and would leave its text out.
            one.flags.discard("fuzzy")
        with file.open("wb") as target:
            write_po(target, known, width=0, sort_by_file=True, omit_header=False, include_lineno=False)
        for one in known:
            if one.id and not (all(one.string) if isinstance(one.string, tuple) else one.string):
                missing += 1
                print(f"{file.relative_to(ROOT)}: no translation of {one.id!r}")
    return int(missing > 0)


def _files() -> Iterator[tuple[Path, str]]:
    for folder, pattern, method in SOURCES:
        for file in sorted((ROOT / folder).glob(pattern)):
            yield file, method
    for name, method in ALSO:
        yield ROOT / name, method


if __name__ == "__main__":
    sys.exit(main())

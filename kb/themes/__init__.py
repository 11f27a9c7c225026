"""Themes: what an organisation follows over the years, each with queries that tell what belongs to it.

They stand in `themes.yaml`, which an organisation can replace. A build decides which passages belong to
each (`kb.themes.matching`) and keeps the themes that it used, so that an edited file never disagrees with an
index.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from kb.documents import name_key, stable_id
from kb.errors import SettingsError
from kb.plain_yaml import AliasRefused, PlainLoader
from kb.themes.wording import terms_of

# Raised when the same themes come to other passages: an index of another version is built again.
THEMES_VERSION = 1

MOST_THEMES = 200
_MOST_QUERIES = 100


def _text_of(value: object) -> object:
    """White space taken together. What YAML reads as something else than text is refused."""
    if not isinstance(value, str):
        raise PydanticCustomError(
            "text", "{value} is not read as text; put quotes around it", {"value": repr(value)}
        )
    return " ".join(value.split())


def _with_words(query: str) -> str:
    if not terms_of(query):
        raise PydanticCustomError("words", "{query} has no word that tells a subject", {"query": repr(query)})
    return query


_Name = Annotated[
    str,
    BeforeValidator(_text_of),
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
]
_Description = Annotated[str, BeforeValidator(_text_of), StringConstraints(max_length=1_000)]
_Query = Annotated[_Name, AfterValidator(_with_words)]


class Theme(BaseModel):
    """A subject that is followed over the years.

    A passage belongs to it that holds all words of one of its `queries`, in any form, itself or in the
    headings above it, and so does every passage of a document whose metadata name it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Name
    description: _Description = ""
    queries: tuple[_Query, ...] = Field((), max_length=_MOST_QUERIES)

    @property
    def key(self) -> str:
        """What is the same for all spellings of its name, in case and white space."""
        return name_key(self.name)

    @property
    def id(self) -> str:
        """Stable for as long as its name stays what it is, but for case and white space."""
        return theme_id(self.key)


def theme_id(key: str) -> str:
    """The id of a theme by its key: 16 hex digits."""
    return stable_id("theme", key)


_THEMES = TypeAdapter(Annotated[tuple[Theme, ...], Field(max_length=MOST_THEMES)])


def load_themes(file: Path | None = None) -> tuple[Theme, ...]:
    """The themes of a YAML file, in its order; those that we ship without `file`.

    Raises `SettingsError`, which names the theme that is wrong and says what to do.
    """
    name = file or "themes.yaml"
    shipped = resources.files("kb.themes").joinpath("themes.yaml")
    try:
        content = yaml.load((file or shipped).read_text(encoding="utf-8"), PlainLoader)  # noqa: S506 - a safe one
    except AliasRefused as error:
        told = "aliases (*name) are not read; write the words themselves"
        raise SettingsError(f"KB_THEMES: {name} cannot be read ({told})") from error
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"KB_THEMES: {name} cannot be read ({error})") from error
    try:
        found = _THEMES.validate_python(() if content is None else content)
    except ValidationError as error:
        raise SettingsError(f"KB_THEMES: {name} is no list of themes. {_told(error, content)}") from error
    twice = [key for key, number in Counter(theme.key for theme in found).items() if number > 1]
    if twice:
        raise SettingsError(
            f"KB_THEMES: {name} has more than one theme {twice[0]!r}. Put their queries under one of them"
        )
    return found


def themes_digest(themes: Iterable[Theme]) -> str:
    """A hash of all that decides which passages belong to these themes, and of what is told of them."""
    parts = [str(THEMES_VERSION), *(theme.model_dump_json() for theme in themes)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def themes_yaml(themes: Iterable[Theme]) -> str:
    """Themes as they stand in such a file."""
    told = [theme.model_dump(mode="json") for theme in themes]
    return yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=100) if told else ""


def _told(error: ValidationError, content: object) -> str:
    """The first fault in a sentence, with the theme that it is of."""
    errors = error.errors(include_url=False, include_context=False)
    of_one = [one for one in errors if one["loc"][:1] == errors[0]["loc"][:1]]
    # Of a name that is mistyped, what is there says more than what is missing.
    first = next((one for one in of_one if one["type"] == "extra_forbidden"), errors[0])
    place = list(first["loc"])
    if not isinstance(content, list) or not place or not isinstance(place[0], int):
        return "Write each theme as a list item: - name: …, with queries: [...] below it"
    one = content[place[0]]
    name = one.get("name") if isinstance(one, dict) else None
    called = f"Theme {place[0] + 1}" + (f" ({name})" if isinstance(name, str) else "")
    field = f", {place[1]}" if len(place) > 1 else ""
    number = f" {place[2] + 1}" if len(place) > 2 and isinstance(place[2], int) else ""
    if first["type"] == "extra_forbidden":
        return f"{called} has {place[1]!r}, which is none of name, description and queries"
    if not isinstance(one, dict):
        return f"{called} is no theme: write - name: …, with queries: [...] below it"
    return f"{called}{field}{number}: {first['msg']}"

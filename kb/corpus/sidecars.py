"""What people write of a document or an event in YAML, with Dutch and English keys alike.

YAML is read as plain words: no aliases, which can grow without bound, and no guessing of types,
which makes a boolean of "no". What the words mean is decided here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from kb.dates import find_date, find_dates
from kb.documents import Access, Event, Kind, Metadata
from kb.plain_yaml import AliasRefused, TextLoader

MAX_BYTES = 64_000
_KEYS = {
    "title": "titel",
    "date": "datum",
    "event": "bijeenkomst evenement",
    "name": "naam",
    "speakers": "speaker sprekers spreker",
    "place": "plaats locatie location",
    "host": "gastheer gastvrouw organisator organiser organizer",
    "language": "taal lang",
    "kind": "soort type",
    "themes": "theme thema themas thema's",
    "access": "toegang",
}
_ENGLISH = {word: key for key, words in _KEYS.items() for word in (key, *words.split())}
_KINDS = {
    Kind.VERSLAG: "verslag notulen report minutes",
    Kind.PRESENTATIE: "presentatie presentation slides",
    Kind.PAPER: "paper notitie whitepaper",
    Kind.OVERIG: "overig other",
}
_KIND_WORDS = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_ACCESS = {Access.OPEN: "open openbaar iedereen public everyone", Access.MEMBERS: "members leden"}
_ACCESS_WORDS = {word: access for access, words in _ACCESS.items() for word in words.split()}
_LINE = re.compile(r"""(?:^|[{,])[\s"'-]*([^\W\d_]{4,20})["']?\s*:\s*["']?([^\s"'#,}]*)""", re.MULTILINE)
# How alike a misspelt key must be to one for access.
_ALIKE = 0.8
_LANGUAGES = {"nederlands": "nl", "dutch": "nl", "engels": "en", "english": "en"}
# What a report has room for.
_MAX_FAULTS = 10
_MAX_NAME = 60
_NOTHING = ("", "~", "null")


class BrokenYaml(ValueError):
    """The YAML cannot be used; the message says why."""


def _words(value: object) -> object:
    """A text as one line; None for what says nothing."""
    if isinstance(value, str):
        return None if value.strip().lower() in _NOTHING else " ".join(value.split())
    return value


def _listed(value: object) -> object:
    if isinstance(value, str):
        parts = value.split(";") if ";" in value else value.split(",")
        return [part.strip() for part in parts if part.strip().lower() not in _NOTHING]
    return value


_Text = Annotated[str | None, BeforeValidator(_words), Field(max_length=500)]
_Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(max_length=100)]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    date: _Text = None
    place: _Text = None
    host: _Text = None
    speakers: _Names = ()
    themes: _Names = ()
    access: Annotated[Access | None, BeforeValidator(_words)] = None

    @field_validator("access", mode="before")
    @classmethod
    def _seen_by(cls, value: object) -> object:
        return _ACCESS_WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value

    @field_validator("date")
    @classmethod
    def _is_date(cls, value: str | None) -> str | None:
        if value and not any(found.date or not re.search(r"\d{4}", value) for found in find_dates(value)):
            raise ValueError("is not a date; write it as 2024-11-07")
        return value


class _EventFacts(_Facts):
    name: Annotated[str, BeforeValidator(_words), Field(min_length=1, max_length=500)]

    def event(self) -> Event:
        return Event(
            name=self.name,
            date=find_date(self.date or ""),
            place=self.place,
            host=self.host,
            speakers=self.speakers,
        )

    def metadata(self) -> Metadata:
        """All but the speakers hold for every document of an event."""
        event = self.event()
        return Metadata(
            event=event,
            date=event.date,
            date_text=None if event.date else self.date,
            place=self.place,
            host=self.host,
            themes=self.themes,
            access=self.access,
        )


class _DocumentFacts(_Facts):
    title: _Text = None
    kind: Annotated[Kind | None, BeforeValidator(_words)] = None
    event: _EventFacts | None = None
    language: _Text = None

    @field_validator("kind", mode="before")
    @classmethod
    def _kind(cls, value: object) -> object:
        return _KIND_WORDS.get(value.lower(), value) if isinstance(value, str) else value

    @field_validator("event", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if isinstance(value, str):
            return {"name": value} if _words(value) else None
        return _in_english(value) if isinstance(value, Mapping) else value

    @field_validator("language")
    @classmethod
    def _code(cls, value: str | None) -> str | None:
        code = _LANGUAGES.get(value.lower(), value.lower()) if value else None
        if code and not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)?", code):
            raise ValueError("is not a language code such as nl or en")
        return code.split("-")[0] if code else None

    def metadata(self) -> Metadata:
        date = find_date(self.date or "")
        return Metadata(
            title=self.title,
            kind=self.kind,
            event=self.event.event() if self.event else None,
            date=date,
            date_text=None if date else self.date,
            place=self.place,
            host=self.host,
            speakers=self.speakers,
            themes=self.themes,
            language=self.language,
            access=self.access or (self.event.access if self.event else None),
        )


def access_told(text: str) -> Access | None:
    """Who may see what a text describes, also where it is no YAML or has faults; None when it says nothing.

    What may have been meant to close a document closes it: a misspelt key, a value that is not known.
    """
    told = None
    for key, value in _LINE.findall(text.lower()):
        names_access = difflib.get_close_matches(key, ("access", "toegang"), n=1, cutoff=_ALIKE)
        meant = _ACCESS_WORDS.get(value)
        if meant is Access.MEMBERS or (names_access and meant is None):
            return Access.MEMBERS
        told = meant if names_access else told
    return told


def load_mapping(text: str) -> dict[str, Any]:
    """A YAML mapping of texts, lists and mappings; {} when it is empty. Raises BrokenYaml."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise BrokenYaml(f"it is longer than {MAX_BYTES:,} bytes")
    try:
        loaded = yaml.load(text, Loader=TextLoader)  # noqa: S506 - it makes texts only
    except AliasRefused:
        raise BrokenYaml("aliases (*name) are not allowed") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise BrokenYaml(f"it is not valid YAML{where}: {getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise BrokenYaml("it is nested too deeply") from None
    if loaded in ("", None):
        return {}
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise BrokenYaml("it does not consist of lines such as 'title: …'")
    return loaded


def read_document_sidecar(text: str) -> Metadata:
    """What `<file>.yaml` says of its file. Raises BrokenYaml naming every fault."""
    try:
        return _DocumentFacts.model_validate(_in_english(load_mapping(text))).metadata()
    except ValidationError as error:
        raise BrokenYaml(_explained(error)) from None


def read_event_sidecar(text: str) -> Metadata:
    """What `_event.yaml` says of every document in its folder: the event, its date, place and host.

    The facts stand at the top or below one key "event". Raises BrokenYaml naming every fault.
    """
    facts = _in_english(load_mapping(text))
    if set(facts) == {"event"} and isinstance(facts["event"], Mapping):
        facts = _in_english(facts["event"])
    try:
        return _EventFacts.model_validate(facts).metadata()
    except ValidationError as error:
        raise BrokenYaml(_explained(error)) from None


def read_front_matter(facts: Mapping[str, Any]) -> tuple[Metadata, list[str]]:
    """The metadata among the keys of a text's front matter, and the keys that cannot be used.

    Other programs keep their own keys there, so unknown ones and unknown kinds are no fault.
    """
    known = {key: value for key, value in _in_english(facts).items() if key in _DocumentFacts.model_fields}
    if not (isinstance(known.get("kind"), str) and known["kind"].lower() in _KIND_WORDS):
        known.pop("kind", None)
    faulty: list[str] = []
    while True:
        try:
            return _DocumentFacts.model_validate(known).metadata(), faulty
        except ValidationError as error:
            names = {str(fault["loc"][0]) for fault in error.errors()} & set(known)
            faulty.extend(sorted(names))
            known = {key: value for key, value in known.items() if key not in names}
            if "access" in names:
                known["access"] = Access.MEMBERS


def _in_english(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {_ENGLISH.get(key.strip().lower(), key): value for key, value in facts.items()}


def _explained(error: ValidationError) -> str:
    faults = []
    for fault in error.errors()[:_MAX_FAULTS]:
        name = ".".join(str(part)[:_MAX_NAME] for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            faults.append(f"{name} is not a key; use {', '.join(sorted(_KEYS))}")
        else:
            faults.append(f"{name}: {fault['msg'].removeprefix('Value error, ')}")
    return "; ".join(faults)

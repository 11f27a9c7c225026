"""What all pages have in common: their templates, the language of who reads, and the knowledge base."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.responses import HTMLResponse, Response

from api.access import Caller, sees_members
from api.pages.kept import Kept
from api.pages.language import language_of
from api.pages.theme import Theme
from api.pages.words import Words, catalogues
from api.problems import Problem
from kb import __version__
from kb.keys import Key
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

_HERE = Path(__file__).resolve().parent.parent
STATIC = _HERE / "static"


class _Compiled(BytecodeCache):
    """Templates as they were compiled for the first language: half a second for each.

    Words are looked up when a page is made. Only a filter of a language over a literal would be computed
    while compiling, and a test holds that there is none.
    """

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := self._kept.get(bucket.key):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


class Pages:
    """The templates of every language, and what they all know.

    Raises `SettingsError` for a theme that cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.theme = Theme.load(settings.theme) if settings.theme else None
        self._words = catalogues()
        self._assets = {
            file.relative_to(STATIC).as_posix(): _digest(file) for file in STATIC.rglob("*") if file.is_file()
        }
        compiled = _Compiled()
        self._templates = {name: self._environment(words, compiled) for name, words in self._words.items()}
        for templates in self._templates.values():
            templates.globals["theme"] = self.theme.address if self.theme else ""
            for name in templates.list_templates():
                # Compiled now, so that nobody waits for it.
                templates.get_template(name)

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from a template, in the language of who asks for it."""
        words = self.words(request)
        templates = self._templates[words.language_code]
        text = templates.get_template(template).render(_of_request(request), **values)
        return HTMLResponse(text, status_code=status, headers={"Content-Language": words.language_code})

    def problem(self, request: Request, problem: Problem) -> Response:
        """The page that tells of a problem."""
        heading, advice = self.words(request).problem(problem)
        # What the operator must do is said to whoever sees it: it is the operator who is asked.
        to_do = problem.detail if problem.status == 503 else ""
        page = self.page(
            request,
            "problem.html",
            status=problem.status,
            heading=heading,
            advice=advice,
            to_do=to_do,
            asks_key=problem.status == 401,
        )
        page.headers.update(problem.headers)
        if problem.status == 401 and request.headers.get("sec-fetch-site") == "cross-site":
            # A link on another site: browsers send a strict cookie with what this page itself asks for.
            page.headers["Refresh"] = "0"
        return page

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages there are, Dutch first."""
        return tuple(self._words)

    def words(self, request: Request) -> Words:
        """The words of the language in which this request is answered."""
        return self._words[language_of(request, self._words)]

    def _environment(self, words: Words, compiled: BytecodeCache) -> Environment:
        templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            bytecode_cache=compiled,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        # The extension's own methods are not known to a type checker.
        install: Any = getattr(templates, "install_gettext_translations")  # noqa: B009
        install(words.translations, newstyle=True)
        templates.globals.update(
            asset=self._asset,
            count=words.count,
            lang=words.language_code,
            languages=tuple(self._words),
            version=__version__,
        )
        templates.filters.update(
            age=words.age,
            date=words.date,
            day=words.day,
            extension=words.extension,
            kind=words.kind,
            language=words.language,
            milliseconds=words.milliseconds,
            moment=words.moment,
            place=words.place,
            relevance=words.relevance,
            share=words.share,
            size=words.size,
            thousands=words.thousands,
        )
        return templates

    def _asset(self, name: str) -> str:
        return f"/static/{name}?v={self._assets[name]}"


def _of_request(request: Request) -> Mapping[str, Any]:
    """What a layout shows of the request itself."""
    query = request.url.query
    path = request.url.path
    return {
        "kept": Kept.of(request),
        "here": path + (f"?{query}" if query else ""),
        "path": path,
        "reader": _reader(request),
    }


def _reader(request: Request) -> Key | None:
    # A problem is shown before anybody looked who calls.
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller.key if caller else None


def _knowledge_base(request: Request, members: Annotated[bool, Depends(sees_members)]) -> Any:
    return request.app.state.knowledge_base.pinned(members=members)


def _pages(request: Request) -> Any:
    return request.app.state.pages


def _words(request: Request) -> Any:
    return request.app.state.pages.words(request)


# The knowledge base at one generation, as who asks may see it.
Base = Annotated[KnowledgeBase, Depends(_knowledge_base)]
Shown = Annotated[Pages, Depends(_pages)]
Said = Annotated[Words, Depends(_words)]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]

"""The dossier: passages that a reader keeps, to read, to print and to take along."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.exports import links_of
from api.pages.frame import Base, Said, Shown
from api.pages.kept import Kept
from api.pages.language import local
from api.pages.posted import Posted
from api.pages.quotes import QuoteView
from api.pages.words import Words
from kb.documents import Passage
from kb.errors import NotFound
from kb.exporting import FORMS, Format, export_choice
from kb.exporting.quoting import Quotation, markdown_dossier
from kb.index import DocumentRecord
from kb.knowledge_base import KnowledgeBase

_ADD, _REMOVE, _UP, _EMPTY = "bij", "weg", "omhoog", "leeg"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_LETTERS = 200

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """The passages that are kept, with their documents, and the ids of those that are not there any more."""

    passages: tuple[tuple[Passage, DocumentRecord], ...]
    gone: tuple[str, ...]

    @classmethod
    def of(cls, kept: Kept, knowledge_base: KnowledgeBase) -> Dossier:
        """What of the kept passages can be read."""
        found, gone = [], []
        for passage_id in kept.ids:
            try:
                one = knowledge_base.passage(passage_id)
                found.append((one.passage, one.document))
            except NotFound:
                gone.append(passage_id)
        return cls(passages=tuple(found), gone=tuple(gone))

    def told(self, words: Words) -> str:
        """How many passages it has, of what day, and whether some are missing."""
        text = words.gettext("%(passages)s uit de Kennisbank, samengesteld op %(day)s.")
        told = text % {
            "passages": words.count(len(self.passages), "passage", "passages"),
            "day": words.date(_today()),
        }
        if not self.gone:
            return told
        missing = words.count(len(self.gone), "passage is", "passages zijn")
        return f"{told} " + words.gettext("%(missing)s niet meer gevonden.") % {"missing": missing}


@router.get("/dossier", response_model=None)
def dossier(request: Request, knowledge_base: Base, pages: Shown, words: Said) -> Response:
    """The dossier, to read and to print."""
    kept = Kept.of(request)
    found = Dossier.of(kept, knowledge_base)
    links = links_of(request, knowledge_base.settings)
    return pages.page(
        request,
        "dossier.html",
        kept=kept,
        gone=found.gone,
        told=found.told(words),
        title=_title(request, words),
        given_title=_given_title(request),
        items=[
            (QuoteView.of(passage, record), Quotation.of(passage, record, links, words))
            for passage, record in found.passages
        ],
        wants_room="vol" in request.query_params,
    )


@router.post("/dossier", response_model=None)
def change(request: Request, form: Posted) -> Response:
    """Add a passage, leave one out or move it up, and go back to where that was asked."""
    before = Kept.of(request)
    kept = before
    changes: dict[str, Callable[[Kept, str], Kept]] = {
        _ADD: Kept.adding,
        _REMOVE: Kept.leaving_out,
        _UP: Kept.moving_up,
        _EMPTY: lambda _kept, _value: Kept(),
    }
    for name, changed in changes.items():
        if name in form:
            kept = changed(kept, form[name])
    is_refused = before.is_full and form.get(_ADD, "") not in kept
    back = "/dossier?vol" if _ADD in form and is_refused else _back(form)
    answer = RedirectResponse(back, status_code=303)
    kept.remember(request, answer)
    return answer


@router.get("/dossier.docx", response_model=None)
def as_word(request: Request, knowledge_base: Base, words: Said) -> Response:
    """The dossier for a word processor."""
    # What writes it takes a tenth of a second to import, of the two that a start takes.
    from kb.exporting.word import word_dossier

    quotations, told = _quotations(request, knowledge_base, words)
    made = word_dossier(
        quotations, title=_title(request, words), told=told, language=words.language_code, day=_today()
    )
    return _saved(made, _WORD, "docx")


@router.get("/dossier.md", response_model=None)
def as_markdown(request: Request, knowledge_base: Base, words: Said) -> Response:
    """The dossier in Markdown."""
    quotations, told = _quotations(request, knowledge_base, words)
    text = markdown_dossier(quotations, title=_title(request, words), told=told)
    return _saved(text.encode(), "text/markdown; charset=utf-8", "md")


@router.get("/dossier.csv", response_model=None)
def as_table(request: Request, knowledge_base: Base) -> Response:
    """The dossier as a table."""
    found = Dossier.of(Kept.of(request), knowledge_base)
    text = export_choice(found.passages, links_of(request, knowledge_base.settings))
    return _saved(text.encode(), FORMS[Format.CSV_EXCEL].media_type, "csv")


def _quotations(request: Request, knowledge_base: KnowledgeBase, words: Words) -> tuple[list[Quotation], str]:
    found = Dossier.of(Kept.of(request), knowledge_base)
    links = links_of(request, knowledge_base.settings)
    quotations = [Quotation.of(passage, record, links, words) for passage, record in found.passages]
    return quotations, found.told(words)


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


def _title(request: Request, words: Words) -> str:
    return _given_title(request) or words.gettext("Dossier")


def _given_title(request: Request) -> str:
    return " ".join(request.query_params.get("titel", "")[:_MOST_LETTERS].split())


def _back(form: Posted) -> str:
    """Where the form was sent from, at the button that was pressed."""
    address = local(form.get("terug", "/dossier"))
    at = form.get(_ADD) or form.get(_REMOVE)
    return f"{address}#bewaar-{at}" if at and at.isalnum() and "#" not in address else address


def _saved(content: bytes, media_type: str, suffix: str) -> Response:
    headers = {"Content-Type": media_type, "Content-Disposition": f'attachment; filename="dossier.{suffix}"'}
    return Response(content, headers=headers)

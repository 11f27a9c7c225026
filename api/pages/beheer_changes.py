"""What an administrator does: adds files, starts a build, and takes another generation into use."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.access import requires
from api.pages.beheer import Admin, overview
from api.pages.frame import Said, Shown
from api.pages.posted import Posted
from api.pages.words import Words, message
from api.problems import Problem, ProblemError, problem_of
from api.uploads import Uploads
from kb.errors import BuildInProgress, IndexUnavailable, KBError, UnknownGeneration
from kb.generations import Generations
from kb.keys import Scope
from kb.launcher import Launcher
from kb.settings import Settings

router = APIRouter(include_in_schema=False, dependencies=[Depends(requires(Scope.ADMIN))])

_REFUSALS = {
    409: message("Er staat al een bestand met deze naam. Er is niets overschreven: kies een andere naam."),
    413: message("Dit bestand is te groot: het mag hoogstens %(size)s zijn."),
    415: message("Dit soort bestand wordt niet gelezen. Bewaar het als pdf, docx, pptx of tekst."),
    507: message("Het bestand kon niet worden bewaard. Maak ruimte op de schijf van de server."),
}
_FAULTS = {
    ("/file", "missing"): message("Kies eerst een bestand."),
    ("/file", "name"): message("Kies een bestand met een gewone naam en een extensie, zoals verslag.pdf."),
    ("/file", "misnamed"): message("De extensie past niet bij wat er in het bestand staat."),
    ("/file", "damaged"): message("Het bestand is beschadigd of leeg."),
    ("/folder", "path"): message("De map moet binnen de verzameling liggen, bijvoorbeeld 2024-11-07-avond."),
    ("/folder", "name"): message("De naam van deze map kan niet. Kies een gewone naam."),
    ("/folder", "too-deep"): message("De map ligt te diep in andere mappen."),
    ("/folder", "not-a-folder"): message("Op de plaats van deze map staat al iets anders."),
}
_REFUSAL = message("Het bestand kon niet worden toegevoegd. Probeer het later opnieuw.")


@router.post("/beheer/bestanden", response_model=None)
async def add(request: Request, pages: Shown, words: Said, admin: Admin) -> Response:
    """Add a file to the corpus; what came of it as a page, or as JSON for the page's own script."""
    uploads: Uploads = request.app.state.uploads
    added, fault, status = None, "", 201
    headers: Mapping[str, str] = {}
    try:
        added = await uploads.receive(request)
    except (ProblemError, KBError) as error:
        problem = problem_of(error)
        fault, status, headers = _refusal(problem, words, admin.settings), problem.status, problem.headers
    if request.headers.get("accept", "").startswith("application/json"):
        told = {"path": added.path if added else None, "fault": fault}
        return JSONResponse(told, status_code=status, headers=dict(headers))
    page = pages.page(
        request,
        "beheer_added.html",
        status=status,
        added=added,
        fault=fault,
        settings=admin.settings,
        folder=added.path.rpartition("/")[0] if added else "",
    )
    page.headers.update(headers)
    return page


@router.post("/beheer/bouwen", response_model=None)
def start(request: Request, form: Posted) -> Response:
    """Start a build, and lead to its progress; to that of the one under way where there is one."""
    launcher: Launcher = request.app.state.launcher
    try:
        build_id = launcher.start(allow_removals=form.get("verwijderen") == "ja").id
    except BuildInProgress as error:
        if not error.build_id:
            raise
        build_id = error.build_id
    return RedirectResponse(f"/beheer/bouwen/{build_id}", status_code=303)


@router.post("/beheer/indexen", response_model=None)
def switch(request: Request, pages: Shown, words: Said, admin: Admin, form: Posted) -> Response:
    """Take a generation into use that was in use before."""
    try:
        Generations.of(admin.settings).rollback(form.get("naam", ""))
    except UnknownGeneration:
        fault = message("Deze index is er niet meer. Kies een andere.")
    except IndexUnavailable:
        fault = message("Deze index is beschadigd of van een andere versie. De huidige blijft in gebruik.")
    except BuildInProgress:
        fault = message("De index wordt juist gebouwd. Wacht tot dat klaar is.")
    else:
        return RedirectResponse("/beheer", status_code=303)
    return overview(request, pages, words, admin, fault=words.gettext(fault), status=409)


@router.get("/beheer/bestanden", response_model=None)
@router.get("/beheer/bouwen", response_model=None)
@router.get("/beheer/indexen", response_model=None)
def lead_back() -> Response:
    """Where who logs in again comes from a form that was sent after the session had ended."""
    return RedirectResponse("/beheer", status_code=303)


def _refusal(problem: Problem, words: Words, settings: Settings) -> str:
    """Why a file was not added, and what to do."""
    if problem.status == 400 and problem.faults:
        found = [_FAULTS.get((fault.location, fault.code), _REFUSAL) for fault in problem.faults]
        return " ".join(dict.fromkeys(words.gettext(text) for text in found))
    text = words.gettext(_REFUSALS.get(problem.status, _REFUSAL))
    return text.replace("%(size)s", words.size(settings.file_megabytes * 1_000_000))

"""What an administrator sees of themes: the file they stand in, and what could be added to it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from api.access import requires
from api.pages.beheer import Admin
from api.pages.frame import Shown
from kb.errors import SettingsError
from kb.keys import Scope
from kb.themes import load_themes, themes_digest, themes_yaml

router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[Depends(requires(Scope.ADMIN))],
)


@router.get("/beheer/themas", response_model=None)
def themes(request: Request, admin: Admin, pages: Shown) -> Response:
    """The file of themes as it is now, whether the index has it, and what the documents suggest as YAML."""
    history = admin.knowledge_base.history()
    indexed = [one.theme for one in history.themes() if one.is_defined]
    file = admin.settings.themes
    fault = ""
    try:
        written = load_themes(file)
    except SettingsError as error:
        written, fault = tuple(indexed), admin.privacy.shown(str(error))
    suggested = history.suggested_themes()
    return pages.page(
        request,
        "beheer_themes.html",
        file=str(file.absolute()) if file else "",
        fault=fault,
        is_indexed=themes_digest(written) == themes_digest(indexed),
        written=written,
        yaml=admin.privacy.shown(themes_yaml(written)),
        suggested=suggested,
        suggested_yaml=themes_yaml(one.theme for one in suggested.themes),
    )

"""The pages for secretaries, made on the server; each module has the routes of one subject."""

from __future__ import annotations

from api.pages import (
    about,
    beheer,
    beheer_changes,
    browsing,
    citing,
    dossier,
    language,
    login,
    pictures,
    search,
    theme,
    viewer,
)
from api.pages.frame import Pages

routers = (
    search.router,
    viewer.router,
    pictures.router,
    browsing.router,
    citing.router,
    dossier.router,
    language.router,
    login.router,
    theme.router,
    about.router,
    beheer.router,
    beheer_changes.router,
)

__all__ = ["Pages", "routers"]

"""The pages for secretaries, made on the server; each module has the routes of one subject."""

from __future__ import annotations

from api.pages import (
    about,
    beheer,
    beheer_changes,
    beheer_themes,
    browsing,
    citing,
    dossier,
    events,
    gaps,
    language,
    login,
    pictures,
    search,
    theme,
    themes,
    viewer,
)
from api.pages.frame import Pages

routers = (
    search.router,
    viewer.router,
    pictures.router,
    browsing.router,
    events.router,
    themes.router,
    citing.router,
    dossier.router,
    language.router,
    login.router,
    theme.router,
    about.router,
    beheer.router,
    beheer_changes.router,
    beheer_themes.router,
    gaps.router,
)

__all__ = ["Pages", "routers"]

"""Style sheets, scripts and pictures of the pages, which browsers keep until they change."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.pages.frame import STATIC


class Assets(StaticFiles):
    """The files; each is asked for with its digest, so that what is kept is never an old one."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(
        self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200
    ) -> Response:
        """A file, to be kept where its address has its digest."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_versioned = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        )
        return response

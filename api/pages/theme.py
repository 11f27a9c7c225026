"""The style sheet of a municipality, over our own design tokens."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from kb.errors import NotFound, SettingsError

MAX_BYTES = 200_000

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A style sheet, and the address that it is asked for at."""

    text: str
    address: str

    @classmethod
    def load(cls, file: Path) -> Theme:
        """The theme in a file. Raises `SettingsError` for one that cannot be used."""
        try:
            content = file.read_bytes()
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"KB_THEME: {file} cannot be read as UTF-8 text ({error})") from error
        if len(content) > MAX_BYTES:
            raise SettingsError(f"KB_THEME: {file} has {len(content)} bytes; at most {MAX_BYTES} are allowed")
        return cls(text=text, address=f"/huisstijl.css?v={hashlib.sha256(content).hexdigest()[:12]}")


@router.get("/huisstijl.css", response_model=None)
def style_sheet(request: Request) -> Response:
    """The theme of this service. Raises `NotFound` without one."""
    theme: Theme | None = request.app.state.pages.theme
    if theme is None:
        raise NotFound("No theme is set. Set KB_THEME to a CSS file")
    return Response(theme.text, media_type="text/css", headers={"Cache-Control": "no-cache"})

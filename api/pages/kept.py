"""The passages that a reader keeps: their ids in a cookie, in the order in which they were chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

from fastapi import Request
from starlette.responses import Response

COOKIE = "dossier"
# A browser keeps 4,096 bytes of a cookie, and these take 1,700.
MOST = 100

_ID = re.compile(r"[0-9a-f]{16}")
_BETWEEN = "."
_A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Kept:
    """The ids of passages, each once, at most a hundred."""

    ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request) -> Self:
        """What the browser that sends a request keeps; what is not an id is passed over."""
        sent = request.cookies.get(COOKIE, "").split(_BETWEEN)
        return cls(tuple(dict.fromkeys(filter(_ID.fullmatch, sent)))[:MOST])

    def __contains__(self, passage_id: str) -> bool:
        return passage_id in self.ids

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def most(self) -> int:
        """How many there may be."""
        return MOST

    @property
    def is_full(self) -> bool:
        """Whether no other passage can be added."""
        return len(self.ids) >= MOST

    def adding(self, passage_id: str) -> Self:
        """With one more at the end, unless it is full or this is no id."""
        if passage_id in self.ids or self.is_full or not _ID.fullmatch(passage_id):
            return self
        return replace(self, ids=(*self.ids, passage_id))

    def leaving_out(self, passage_id: str) -> Self:
        """Without one of them."""
        return replace(self, ids=tuple(one for one in self.ids if one != passage_id))

    def moving_up(self, passage_id: str) -> Self:
        """With one of them a place further to the front."""
        if passage_id not in self.ids[1:]:
            return self
        at = self.ids.index(passage_id)
        before, other, after = self.ids[: at - 1], self.ids[at - 1], self.ids[at + 1 :]
        return replace(self, ids=(*before, passage_id, other, *after))

    def remember(self, request: Request, response: Response) -> None:
        """Have the browser keep these, for a year; nothing of it is kept here."""
        if not self.ids:
            response.delete_cookie(COOKIE)
            return
        response.set_cookie(
            COOKIE,
            _BETWEEN.join(self.ids),
            max_age=_A_YEAR,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

"""The shape of how current what was found is."""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import Field

from api.shapes import Day, Shape
from kb import milestones as nouns


class Law(Shape):
    """Een wet, of een deel ervan, en de dag vanaf wanneer zij geldt."""

    name: str = Field(examples=["Woo"])
    title: str = Field(examples=["Wet open overheid"])
    part: str | None = Field(
        description="Wat er dan gaat gelden, als het niet de hele wet is.", examples=["het meldpunt"]
    )
    date: Day = Field(description="Leeg als de dag niet zeker is.")


class Timeliness(Shape):
    """Hoe actueel de treffers zijn: de datum van het nieuwste stuk, en de wetten die erna kwamen.

    Een wet staat erbij als de vraag of de helft van de treffers over haar onderwerp gaat.
    """

    text: str = Field(
        description="Hetzelfde in gewone zinnen.",
        examples=["Het nieuwste van deze stukken is van 12 maart 2019, 7 jaar oud."],
    )
    today: dt.date = Field(description="De dag waarop dit is bepaald.", examples=["2026-11-25"])
    newest: Day = Field(description="De laatste zekere datum onder de treffers; leeg als er geen is.")
    undated: int = Field(ge=0, description="Van hoeveel stukken de datum niet zeker is.", examples=[0])
    later: list[Law] = Field(description="Wetten die na het nieuwste stuk in werking traden.")
    coming: list[Law] = Field(description="Wetten die nog in werking treden.")
    unsure: list[Law] = Field(description="Wetten waarvan niet zeker is vanaf welke dag zij gelden.")

    @classmethod
    def of(cls, found: nouns.Timeliness | None) -> Self | None:
        """The shape of how current something is; null where that was not judged."""
        return cls.model_validate(nouns.as_json(found)) if found else None

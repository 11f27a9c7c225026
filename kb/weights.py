"""What the ranking weighs, and what its relevance was fitted to: our values, or those of `kb tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kb.errors import SettingsError

Share = Annotated[float, Field(ge=0, le=1)]


class RelevanceWeights(BaseModel):
    """A logistic regression (`kb.relevance`): an intercept, and a coefficient for each signal."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    intercept: float = 0.0
    best: float = 0.0
    known: float = 0.0
    rank: float = 0.0


class Weights(BaseModel):
    """The weights of a search. How each was found stands in BENCHMARKS.md.

    `dense` is the share of the dense retriever in the first stage, the lexical one has the rest; `late`
    that of late interaction, or of the cross-encoder, in the second. `period` is what a fitting date adds,
    in standard deviations of the score. `foreign` is how much of the lexical share is left for a query of
    which the documents know no word.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dense: Share = 0.65
    late: Share = 0.6
    period: Annotated[float, Field(ge=0, le=10)] = 2.0
    foreign: Share = 0.3
    relevance: RelevanceWeights = RelevanceWeights(
        intercept=-12.0515, best=12.5542, known=1.7573, rank=2.2328
    )
    relevance_without_tokens: RelevanceWeights = RelevanceWeights(
        intercept=-14.9247, best=15.207, known=1.9533, rank=2.2349
    )

    def save(self, file: Path) -> None:
        """Write them as `load` reads them; the file is whole or as it was. Raises `OSError`."""
        beside = file.with_name(f".{file.name}.new")
        beside.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        beside.replace(file)

    @classmethod
    def load(cls, file: Path | None) -> Self:
        """Those in a file that `kb tune` wrote; ours without one. Raises `SettingsError`."""
        if file is None:
            return cls()
        try:
            return cls.model_validate_json(file.read_bytes())
        except OSError as error:
            raise SettingsError(f"KB_WEIGHTS: {file} cannot be read ({error.strerror})") from error
        except ValidationError as error:
            raise SettingsError(
                f"KB_WEIGHTS: {file} holds no weights of this version ({error.error_count()} faults; first: "
                f"{error.errors()[0]['msg']}). Make them again: kb tune"
            ) from None

"""A progress bar on stderr."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.indexing import Progress


_PHASES = {
    "starting": "Model laden",
    "reading": "Documenten lezen en inbedden",
    "writing": "Index schrijven",
    "judging": "Toetsvragen stellen",
    "publishing": "In gebruik nemen",
}


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A progress bar on stderr with files and passages a second and the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rates]}"),
        TimeElapsedColumn(),
        TextColumn("nog"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task(_PHASES["starting"], total=None, rates="")

        def show(progress: Progress) -> None:
            seconds = max(bar.tasks[task].elapsed or 0.0, 0.001)
            files, passages = progress.files_done / seconds, progress.passages / seconds
            rates = f"{files:.1f} bestanden/s, {passages:.0f} passages/s"
            bar.update(
                task,
                description=_PHASES.get(progress.phase, progress.phase),
                completed=progress.files_done,
                total=progress.files_total,
                rates=rates,
            )

        yield show

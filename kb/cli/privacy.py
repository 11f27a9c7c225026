"""The command that shows what must not be read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kb.cli.options import CorpusOption, IndexesOption, JsonOption, read_settings, show


def privacy(
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", help="Check this list instead of the one in use, before you use it.", show_default=False
        ),
    ] = None,
    corpus: CorpusOption = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the suppression list, and tell how many passages and documents each of its entries meets."""
    from kb.errors import IndexUnavailable, InvalidPrivacyList
    from kb.generations import Generations
    from kb.index.touching import effects
    from kb.printing.privacy import PrivacyState, privacy_json, privacy_text
    from kb.privacy.live import LivePrivacy

    settings = read_settings(corpus=corpus, indexes=indexes, privacy=file)
    if file is not None and not file.is_file():
        raise InvalidPrivacyList(f"{file} is no file. Name the list that you want to check")
    privacy = LivePrivacy(settings, remembers=file is None).get()
    try:
        index = Generations(settings.indexes).open_live()
    except IndexUnavailable:
        index = None
    state = PrivacyState(
        file=str(settings.privacy_file),
        is_there=settings.privacy_file.exists(),
        privacy=privacy,
        effects=effects(index, privacy) if index else None,
        is_built=index is not None and index.manifest.privacy == privacy.digest,
        masked=sum(one.masked is not None for one in index.documents()) if index else 0,
    )
    show(privacy_text(state), privacy_json(state), as_json=as_json)

"""The process that draws: one job, from its standard input, and an end. `python -m kb.rendering.worker`

It leaves what it made in the folder that it runs in, and says how it went in `answer.json` there. Nothing of
that is believed without a look (`kb.rendering.processes`): what it opened was not to be trusted.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, BinaryIO

from kb.errors import NoView
from kb.rendering.confining import confine
from kb.rendering.jobs import ANSWER, Job, SheetJob, SlidesJob, job_of, picture_name
from kb.rendering.landlock import leave_the_files


def main() -> None:
    """Do the one job."""
    job = job_of(sys.stdin.buffer.read())
    is_offline = confine(
        megabytes=job.bounds.megabytes,
        seconds=job.bounds.seconds,
        written_bytes=job.bounds.written_bytes,
        parent=job.parent,
    )
    # LibreOffice does not go without a socket by which a second one would find it, and makes it there.
    sockets = Path("/tmp") if isinstance(job, SlidesJob) else None  # noqa: S108
    leave_the_files(reads=[job.file, *_programs(job)], writes=Path.cwd(), sockets=sockets)
    try:
        if isinstance(job, SlidesJob) and not is_offline:
            # LibreOffice fetches what slides link to, whatever its settings say.
            raise NoView("LibreOffice cannot be kept from the network here", code="no-program")
        answer = _done(job)
    except NoView as error:
        answer = {"code": error.code, "message": str(error)}
    except MemoryError:
        answer = {"code": "too-large", "message": "There was not enough memory to draw it"}
    except OSError as error:
        answer = {"code": "unreadable", "message": f"The file cannot be read ({error.strerror})"}
    Path(ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _programs(job: Job) -> list[Path]:
    """Where LibreOffice is, if it is not with the rest of the system."""
    if not isinstance(job, SlidesJob):
        return []
    from kb.rendering.converting import converter

    program = converter()
    return [Path(program).resolve().parent.parent] if program else []


def _done(job: Job) -> dict[str, Any]:
    with job.file.open("rb") as stream:
        before = os.fstat(stream.fileno())
        if hashlib.file_digest(stream, "sha256").hexdigest() != job.sha256:
            raise NoView("The file is another than the one that was indexed", code="changed")
        stream.seek(0)
        answer = _made(job, stream)
        after = os.fstat(stream.fileno())
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise NoView("The file was changed while it was drawn", code="changed")
    return answer


def _made(job: Job, stream: BinaryIO) -> dict[str, Any]:
    if isinstance(job, SlidesJob):
        from kb.rendering.converting import convert

        copy = Path(f"slides{job.suffix}")
        with copy.open("wb") as target:
            shutil.copyfileobj(stream, target)
        convert(copy, seconds=job.bounds.seconds)
        return {}
    from kb.privacy.names import Names
    from kb.rendering.drawing import opened, picture, sheet
    from kb.rendering.veiling import refuse_unseen

    document, names = opened(stream), Names(job.names)
    if isinstance(job, SheetJob):
        found = sheet(document, job.page)
        refuse_unseen(found, names, hides_scans=job.hides_scans)
        return {"sheet": dataclasses.asdict(found)}
    drawn = []
    for number in job.pages:
        try:
            if names or job.hides_scans:
                refuse_unseen(sheet(document, number), names, hides_scans=job.hides_scans)
            Path(picture_name(number)).write_bytes(picture(document, number, width=job.width))
        except NoView:
            # Of several, one that is damaged or not there must not cost the others.
            if len(job.pages) == 1:
                raise
        else:
            drawn.append(number)
    return {"pages": drawn}


if __name__ == "__main__":
    main()

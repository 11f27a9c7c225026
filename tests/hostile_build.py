"""Builds an index and tells what it took: `python -m tests.hostile_build CORPUS INDEXES`."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from kb.indexing import build_index
from kb.settings import Settings
from tests.geometry import WordEncoder

# Well over what any of them takes by itself, on a machine that does other work beside it.
SECONDS = 120
READER_MEGABYTES = 2_000


def main() -> None:
    """Build, and print as JSON the report and the most memory of any reader, in megabytes."""
    settings = Settings(
        corpus=Path(sys.argv[1]),
        indexes=Path(sys.argv[2]),
        ocr="off",
        file_seconds=SECONDS,
        file_megabytes=100,
        reader_megabytes=READER_MEGABYTES,
    )
    report = build_index(settings, WordEncoder)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_000
    files = [
        {
            "path": file.path,
            "status": file.status,
            "code": file.code,
            "message": file.message,
            "gaps": [[gap.code, gap.message] for gap in file.gaps],
        }
        for file in report.files
    ]
    sys.stdout.write(json.dumps({"readerMegabytes": most, "files": files}))


if __name__ == "__main__":
    main()

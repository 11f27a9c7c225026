"""A service with a small corpus, for tests that run in another environment than it does.

`python -m tests.clients.standing` says where it is and gives a key, as JSON; it ends with its stdin.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from kb.keys import Keys, Scope
from tests.clients.services import Service, make_place


def main() -> None:
    """Serve until nobody holds stdin any more."""
    with tempfile.TemporaryDirectory() as folder:
        settings = make_place(Path(folder))
        _, key = Keys(settings.keys_file).create("retrievers", [Scope.SEARCH])
        with Service(settings) as service:
            sys.stdout.write(json.dumps({"url": service.url, "key": key}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()


if __name__ == "__main__":
    main()

"""Test the index on Milvus, in an environment of its own: build/milvus-env. Run it by `make milvus`.

The client and both servers bring pandas, pyarrow and a database of 270 MB, so none of them is in .venv.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib

from environments import ROOT, environment

# milvus-lite: the current protocol, as a cluster speaks it. milvus: the genuine server, of 2024.
SERVERS = ("milvus-lite==3.2.2", "milvus==2.3.5")


def main() -> int:
    """Run the tests in the environment."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    client = table["optional-dependencies"]["milvus"]
    python = environment("milvus-env", [*client, *SERVERS], over_ours=True)
    command = [python, "-m", "pytest", "tests/milvus", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

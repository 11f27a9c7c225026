"""Test builds on a Ray cluster, in an environment of its own: build/ray-env. Run it by `make ray`.

Ray brings pyarrow, pandas and 70 MB of itself, so it is not in .venv.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib

from environments import ROOT, environment


def main() -> int:
    """Run the tests in the environment."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = environment("ray-env", table["optional-dependencies"]["ray"], over_ours=True)
    command = [python, "-m", "pytest", "tests/ray", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

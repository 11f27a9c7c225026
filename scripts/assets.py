"""Bring the NL Design System's CSS into api/static/vendor, at the versions of api/assets/package-lock.json.

Run it through `make assets` after a change of api/assets/package.json; what it writes is committed, so that
nothing of npm is needed to run or to install this project. Each file begins with the package that it is from;
the licences stand beside them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "api" / "assets"
WORK = ROOT / "build" / "assets"
VENDOR = ROOT / "api" / "static" / "vendor"

# On every page one file; the rest where it is used.
BUNDLES = {
    "core.css": ("button", "data-badge", "heading", "link", "mark", "paragraph", "skip-link", "textbox"),
    "alert.css": ("alert",),
    "select.css": ("select",),
    "table.css": ("table",),
}
# States and kinds of the components that no page has: more than half of their size.
_UNUSED = re.compile(
    r"--(busy|current|disabled|focus|focus-visible|html-input|icon-only|inline-box|level-[4-6]|negative|numeric"
    r"|password|placeholder-\w+|positive|pressed|read-only|[\w-]+-size|url)(?![\w-])"
)
_RULE = re.compile(r"[^{}]+\{[^{}]*\}")
_SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=[^*]*\*/")


def main() -> None:
    """Install the packages and write what the pages use of them."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        if (LISTS / name).exists():
            shutil.copy(LISTS / name, WORK / name)
    locked = (LISTS / "package-lock.json").exists() and _is_current()
    command = ["npm", "ci" if locked else "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run([*command, "--omit-lockfile-registry-resolved"], cwd=WORK, check=True)
    if not locked:
        shutil.copy(WORK / "package-lock.json", LISTS / "package-lock.json")
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    folders = {_short(folder): folder for folder in sorted((WORK / "node_modules").glob("@*/*-css"))}
    for bundle, names in BUNDLES.items():
        text = "\n".join(_styles(folders[name]) for name in names)
        (VENDOR / bundle).write_text(text, encoding="utf-8")
    for name in sorted({name for names in BUNDLES.values() for name in names}):
        package = json.loads((folders[name] / "package.json").read_text(encoding="utf-8"))
        file = f"LICENSE.{package['name'].replace('@', '').replace('/', '.')}.md"
        shutil.copy(folders[name] / "LICENSE.md", VENDOR / file)


def _is_current() -> bool:
    lock = json.loads((LISTS / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((LISTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return bool(lock["packages"][""].get("dependencies") == wanted)


def _short(folder: Path) -> str:
    return folder.name.removesuffix("-css")


def _styles(folder: Path) -> str:
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    candidates = (folder / "dist" / "index.min.css", folder / "dist" / f"{_short(folder)}.css")
    file = next(one for one in candidates if one.exists())
    head = f"/* {package['name']} {package['version']}, {package['license']} */ /* without unused states */"
    text = _SOURCE_MAP.sub("", file.read_text(encoding="utf-8")).strip()
    return f"{head}\n{_RULE.sub(_used, text)}\n"


def _used(rule: re.Match[str]) -> str:
    """A rule, or nothing when it is for a state that no page has."""
    # In :not(…) a state is one that the rule is not for.
    selector = re.sub(r":not\([^()]*\)", "", rule[0].partition("{")[0])
    return "" if _UNUSED.search(selector) else rule[0]


if __name__ == "__main__":
    main()

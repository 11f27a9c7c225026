"""Promises about the repository itself: versions, names, sizes, the lock."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import kb

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [path for room in ("kb", "api") for path in sorted((ROOT / room).rglob("*.py"))]
TEXTS = {
    "",
    ".cfg",
    ".css",
    ".html",
    ".js",
    ".json",
    ".lock",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}
# Written in pieces, so that this file does not name them either.
REGISTRIES = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "download" + r"\.pytorch\.org",
            "registry" + r"\.npmjs",
            "deb" + r"\.debian\.org",
            "conda" + r"\.anaconda\.org",
        ]
    ),
    re.IGNORECASE,
)


def project() -> dict[str, object]:
    """The [project] table of pyproject.toml."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(table, dict)
    return table


def publiccode() -> dict[str, object]:
    """The whole of publiccode.yml."""
    content = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def own_texts() -> Iterator[Path]:
    """Every text file of the repository that is ours: no corpus, no test files, nothing ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so what belongs to the repository is not known")
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.suffix in TEXTS and path.is_file() and not name.startswith(("corpus/", "tests/files/")):
            yield path


def pins() -> dict[str, str]:
    """Each requirement of the lock: its name and what it asks, without the marker."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    asked = [line.partition(";")[0].strip() for line in lines if line and not line.startswith((" ", "#"))]
    return {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]: line for line in asked}


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    head = re.search(r"^## \[([^]]+)\]", changelog, re.MULTILINE)
    assert head is not None
    assert kb.__version__ == head[1] == project()["version"] == publiccode()["softwareVersion"]


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in own_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if REGISTRIES.search(line)
    ]
    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [str(path.relative_to(ROOT)) for path in PRODUCT if {path.stem, path.parent.name} & vague] == []


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in PRODUCT
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_the_lock_holds_exact_versions_only() -> None:
    locked = pins()
    assert len(locked) > 50
    assert [line for line in locked.values() if not re.fullmatch(r"[a-z0-9-]+==[0-9][^\s,*+]*", line)] == []


def test_the_lock_holds_no_cuda_package() -> None:
    assert [name for name in pins() if re.match(r"(nvidia|cuda|triton)", name)] == []


def test_the_lock_holds_every_dependency_of_the_project() -> None:
    table = project()
    extras = table["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(table["dependencies"], list)
    asked = [*table["dependencies"], *(line for lines in extras.values() for line in lines)]
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in asked}
    assert names - set(pins()) == set()


def test_publiccode_keeps_to_the_standard() -> None:
    content = publiccode()
    mandatory = {
        "publiccodeYmlVersion", "name", "url", "platforms", "categories", "developmentStatus", "softwareType",
        "description", "legal", "maintenance", "localisation",
    }  # fmt: skip
    assert mandatory - set(content) == set()
    assert content["legal"] == {"license": project()["license"]}
    description = content["description"]
    assert isinstance(description, dict)
    assert set(description) == {"nl", "en"}
    for text in description.values():
        assert len(text["shortDescription"]) <= 150
        assert 150 <= len(text["longDescription"]) <= 10_000
        assert 5 <= len(text["features"]) <= 20
        assert [feature for feature in text["features"] if len(feature) > 100] == []


def test_the_licence_is_the_whole_of_the_eupl() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    articles = re.findall(r"^(\d+)\.", text, re.MULTILINE)
    assert articles == [str(number) for number in range(1, 16)]
    assert text.rstrip().endswith(
        "All other changes or additions to this Appendix require the production of a new EUPL version."
    )


def test_help_loads_no_heavy_library() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['kb', '--help']\n"
        "from kb.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "heavy = {'faiss', 'fastapi', 'numpy', 'pypdf', 'sentence_transformers', 'torch', 'transformers'}\n"
        "loaded = sorted(heavy & set(sys.modules))\n"
        "assert not loaded, loaded\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "build" in run.stdout

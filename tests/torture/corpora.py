"""Corpora made on the spot, in states that follow each other: some documents change, one comes, one goes."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

STATES = 4
DOCUMENTS = 12

_WORDS = [
    "raad",
    "griffier",
    "wethouder",
    "besluit",
    "archief",
    "zaaksysteem",
    "begroting",
    "inwoner",
    "vergadering",
    "gemeente",
    "dienst",
    "toegang",
    "register",
    "algoritme",
    "beveiliging",
    "oefening",
    "leverancier",
    "contract",
    "bewaren",
    "openbaar",
    "verzoek",
    "termijn",
    "stuurgroep",
    "samenwerking",
    "regio",
    "avond",
    "verslag",
    "inkoop",
    "cloud",
    "migratie",
    "testen",
    "storing",
    "melding",
    "besloten",
    "vraagt",
    "kiest",
    "noemt",
    "stelt",
    "verhuist",
    "betaalt",
    "bespreekt",
    "onderzoekt",
    "bevestigt",
    "weigert",
]

# What every state answers the same way or not: common words, words of one state, words of no document.
QUERIES = (
    "welk zaaksysteem kiest de raad",
    "archief bewaren termijn",
    "beveiliging oefening storing",
    "griffier vergadering besloten",
    "stand0 begroting",
    "stand1 inwoner",
    "stand2 leverancier",
    "stand3 cloud",
)


def prose(seed: str, *, words: int = 330) -> str:
    """Sentences of Dutch words, always the same for a seed."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    sentences = []
    while words > 0:
        length = chosen.randint(6, 14)
        sentences.append(" ".join(chosen.choices(_WORDS, k=length)).capitalize() + ".")
        words -= length
    return " ".join(sentences)


def texts(state: int) -> dict[str, str]:
    """The files of one state, by path: the next one changes two, adds one and loses one."""
    state %= STATES
    files = {
        f"avond-{number % 3}/verslag-{number:02}.md": f"# Verslag {number}\n\n{prose(f'base {number}')}\n"
        for number in range(DOCUMENTS)
    }
    changed = f"avond-{state % 3}/verslag-{state:02}.md"
    files[changed] = f"# Verslag {state}\n\nDit is stand{state}. {prose(f'state {state}')}\n"
    files[f"nieuw-{state}.txt"] = f"Nota van stand{state}.\n\n{prose(f'new {state}', words=120)}\n"
    return files


def editions(word: str, *, documents: int = DOCUMENTS) -> dict[str, str]:
    """Files of which every passage carries `word`, so that a response which mixes editions can be seen."""
    return {
        f"verslag-{number:02}.md": f"# Verslag {number} {word}\n\n"
        + " ".join(
            f"{sentence.strip()} {word}." for sentence in prose(f"edition {number}", words=200).split(".")
            if sentence.strip()
        )
        + "\n"
        for number in range(documents)
    }  # fmt: skip


def slow(seed: str) -> str:
    """A text of few words that takes its reader some seconds, each time anew for another seed."""
    return f"# Langzaam {seed}\n\nEen nota van {seed}.\n\n" + "<!-- niets -->\n\n" * 30_000


def write(folder: Path, files: dict[str, str]) -> None:
    """Make `folder` hold just these files; those that stay the same are not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def copy(source: Path, to: Path) -> Path:
    """A fresh copy of a folder, in place of what is there."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(source, to)
    return to

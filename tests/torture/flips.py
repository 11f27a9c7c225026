"""Damage to any file of a generation is found when it is opened; the one before it serves instead."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.torture.asking import Answers, Asker
from tests.torture.corpora import QUERIES, copy, texts, write
from tests.torture.place import Place
from tests.torture.serving import Service, served
from tests.torture.tally import Tally

_PAGE = 4096
_KINDS = ("bit", "bytes", "page of zeros", "cut short", "more bytes", "removed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A place with two generations, what each answers, and a service that has the first one open."""

    place: Place
    first: str
    second: str
    expected: Answers
    asker: Asker
    service: Service


def flips(folder: Path, *, rounds: int, seed: int) -> Tally:
    """Damage a file of the newest generation `rounds` times, each time on a fresh copy."""
    tally = Tally("Damage in any file: found when opened, the older generation serves, never a wrong hit")
    with tally.timed(), Asker() as asker:
        place = Place.make(folder / "flips")
        names = []
        for state in (0, 1):
            write(place.corpus, texts(state))
            assert place.build().status == 0
            names.append(place.live())
        sound = copy(place.indexes, folder / "flips-sound")
        (sound / "CURRENT").write_text(names[0] + "\n", encoding="utf-8")
        expected = asker.ask(sound, QUERIES)
        shutil.rmtree(place.indexes)
        shutil.copytree(sound, place.indexes)
        with served(place) as service:
            case = _Case(
                place=place, first=names[0], second=names[1], expected=expected, asker=asker, service=service
            )
            service.search(QUERIES[0])
            _all_damage(tally, case, sound, rounds=rounds, seed=seed)
    return tally


def _all_damage(tally: Tally, case: _Case, sound: Path, *, rounds: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    newest = sound / case.second
    files = sorted(path.relative_to(newest) for path in newest.rglob("*") if path.is_file())
    chance.shuffle(files)
    for number in range(rounds):
        # Every file in turn, every kind of damage in turn; where it falls is chance.
        file, kind = files[number % len(files)], _KINDS[(number // len(files) + number) % len(_KINDS)]
        told = f"seed {seed}, damage {number}"
        generation = copy(newest, case.place.indexes / case.second)
        told += f", {damage(generation / file, kind, chance)} in {file}"
        tally.counts["damaged generations"] += 1
        _without_another(tally, case, sound, told)
        _point(case.place, case.second)
        _with_an_older_one(tally, case, told)
        _while_it_is_served(tally, case, told)
        _point(case.place, case.first)
        shutil.rmtree(generation)
        if number % 25 == 24:
            tally.note(f"{number + 1} of {rounds}")


def damage(file: Path, kind: str, chance: random.Random) -> str:
    """Change a file for certain, and say how."""
    before = file.read_bytes()
    content = bytearray(before)
    at = chance.randrange(len(content)) if content else 0
    if kind == "removed":
        file.unlink()
        return kind
    if kind == "bit" and content:
        content[at] ^= 1 << chance.randrange(8)
    elif kind == "bytes" and content:
        length = min(chance.randint(2, 64), len(content) - at)
        content[at : at + length] = bytes(byte ^ chance.randint(1, 255) for byte in content[at : at + length])
    elif kind == "page of zeros":
        at = at // _PAGE * _PAGE
        content[at : at + _PAGE] = bytes(len(content[at : at + _PAGE]))
    elif kind == "cut short":
        content = content[:at]
    if content == before:
        content += bytes([chance.randrange(256)])
        kind, at = "more bytes", len(before)
    file.write_bytes(content)
    return f"{kind} at {at} of {len(before)}"


def _without_another(tally: Tally, case: _Case, sound: Path, told: str) -> None:
    """The damaged generation alone: a typed error."""
    alone = case.place.folder / "alone"
    copy(case.place.indexes / case.second, alone / case.second)
    _point_in(alone, case.second)
    found = case.asker.ask(alone, QUERIES)
    shutil.rmtree(alone)
    if found.error not in {"CorruptIndex", "IncompatibleIndex", "NoIndex"}:
        whole = case.asker.ask(sound, QUERIES[:1])
        wrong = "answers" if not found.error else "ends"
        tally.breach(f"{told}: alone it {wrong}: {found} (sound: {whole})")
    else:
        tally.counts["found when opened"] += 1


def _with_an_older_one(tally: Tally, case: _Case, told: str) -> None:
    """A reader that starts now takes the generation before the damaged one."""
    found = case.asker.ask(case.place.indexes, QUERIES)
    if found.generation != case.first or not found.same_hits(case.expected):
        tally.breach(f"{told}: with an older generation a reader that starts gets {found}")
    else:
        tally.counts["readers that started on the older generation"] += 1


def _while_it_is_served(tally: Tally, case: _Case, told: str) -> None:
    """A service that has the older one open goes on, without a failed request."""
    for query in QUERIES:
        reply = case.service.search(query)
        tally.counts["requests meanwhile"] += 1
        hits = tuple((hit["passageId"], hit["score"], hit["text"]) for hit in reply.body.get("hits", []))
        if reply.status != 200:
            tally.breach(f"{told}: the service answers {reply.status} to {query!r}: {reply.body}")
        elif reply.body["generation"] != case.first or hits != case.expected.hits[query]:
            tally.breach(f"{told}: the service answers {query!r} from {reply.body['generation']}, or wrongly")


def _point(place: Place, generation: str) -> None:
    _point_in(place.indexes, generation)


def _point_in(indexes: Path, generation: str) -> None:
    """Make a generation the live one, as publishing does."""
    pointer = indexes / ".CURRENT"
    pointer.write_text(generation + "\n", encoding="utf-8")
    pointer.rename(indexes / "CURRENT")

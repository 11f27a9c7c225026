"""Fuzzing of all readers: `python -m tests.torture.fuzzing --inputs 20000 [--seed N]`.

Real files are damaged at random and read in a process under limits, as a build reads them. What raises
anything but a ParseError, takes too long, ends its process or loses text without a gap is a finding: it is
kept with its number in `--keep`, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import pickle
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import TimeoutError as OutOfTime
from pathlib import Path

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from tests.torture.fuzz_seeds import gather
from tests.torture.mutated_readings import Fuzzer, Reading

ROOT = Path(__file__).resolve().parent.parent.parent
_MEGABYTES = 2_000
_AHEAD = 32
_CODES = ("damaged", "unsupported", "encrypted", "no-text", "too-large", "unreadable")

# Set once in each worker process, before its first input.
_worker: dict[str, Fuzzer] = {}


def main(arguments: list[str] | None = None) -> int:
    """Run, print the table, and tell by the exit status whether anything was found."""
    asked = _arguments(arguments)
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    asked.keep.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    readings: list[Reading] = []
    with tempfile.TemporaryDirectory() as folder:
        seeds = gather(ROOT)
        (Path(folder) / "seeds").write_bytes(pickle.dumps(seeds))
        fuzzer = Fuzzer(seeds, asked.seed, Path(folder))
        for reading in _readings(asked, fuzzer, Path(folder)):
            readings.append(reading)
            if reading.finding:
                _keep(asked.keep, asked.seed, fuzzer, reading)
            if len(readings) % 1_000 == 0:
                _say(f"{len(readings)} inputs, {time.monotonic() - started:.0f} s", sys.stderr)
    _print(readings, asked.seed, time.monotonic() - started)
    return 1 if any(reading.finding for reading in readings) else 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--file-seconds", type=float, default=20.0)
    parser.add_argument("--seconds-limit", type=float, default=float("inf"), help="stop after this long")
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "fuzzing")
    return parser.parse_args(arguments)


def _readings(asked: argparse.Namespace, fuzzer: Fuzzer, folder: Path) -> Iterator[Reading]:
    started = time.monotonic()
    numbers = iter(range(asked.first, asked.first + asked.inputs))
    with ProcessPool(
        max_workers=asked.workers,
        initializer=_begin,
        initargs=(asked.seed, folder),
        context=multiprocessing.get_context("spawn"),
    ) as pool:
        waiting: deque[tuple[int, ProcessFuture[Reading]]] = deque()
        while True:
            in_time = time.monotonic() - started < asked.seconds_limit
            while in_time and len(waiting) < _AHEAD and (number := next(numbers, None)) is not None:
                waiting.append((number, pool.schedule(_read, args=(number,), timeout=asked.file_seconds)))
            if not waiting:
                break
            number, future = waiting.popleft()
            yield _outcome(number, future, fuzzer, asked.file_seconds)
        pool.close()
        pool.join()


def _begin(seed: int, parent: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEGABYTES * 1_000_000, _MEGABYTES * 1_000_000))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    folder = parent / str(os.getpid())
    folder.mkdir()
    # Written by the process that started this one.
    seeds = pickle.loads((parent / "seeds").read_bytes())  # noqa: S301
    _worker["fuzzer"] = Fuzzer(seeds, seed, folder)


def _read(number: int) -> Reading:
    return _worker["fuzzer"].read(number)


def _outcome(number: int, future: ProcessFuture[Reading], fuzzer: Fuzzer, seconds: float) -> Reading:
    try:
        return future.result()
    except OutOfTime:
        finding = "timeout"
    except (MemoryError, ProcessExpired) as error:
        finding = f"crash ({type(error).__name__})"
    seed, mutant = fuzzer.mutant(number)
    return Reading(
        number=number,
        format=seed.format,
        seed=seed.name,
        how=mutant.how,
        outcome=finding.split()[0],
        seconds=seconds,
        finding=finding,
    )


def _keep(folder: Path, run: int, fuzzer: Fuzzer, reading: Reading) -> None:
    _, mutant = fuzzer.mutant(reading.number)
    name = f"{run}-{reading.number}-{reading.finding.split()[0]}{Path(reading.seed).suffix}"
    (folder / name).write_bytes(mutant.data)
    _say(f"FINDING {name} ({reading.seed}, {reading.how}): {reading.finding} {reading.cause}", sys.stderr)


def _print(readings: list[Reading], run: int, seconds: float) -> None:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: dict[str, float] = defaultdict(float)
    for reading in readings:
        for name in (reading.format, "all"):
            row = rows[name]
            row["inputs"] += 1
            row[reading.outcome] += 1
            row["with gaps"] += bool(reading.gaps)
            row["findings"] += bool(reading.finding)
            slowest[name] = max(slowest[name], reading.seconds)
    columns = ["inputs", "read", "with gaps", *_CODES, "timeout", "crash", "findings"]
    _say(
        f"Run with seed {run}: {len(readings)} inputs in {seconds:.0f} s ({len(readings) / seconds:.1f}/s)\n"
    )
    _say(f"| Format | {' | '.join(columns)} | slowest |")
    _say(f"|---|{'---:|' * (len(columns) + 1)}")
    for name in sorted(rows, key=lambda row: (row == "all", row)):
        counts = " | ".join(str(rows[name][column]) for column in columns)
        _say(f"| {name} | {counts} | {slowest[name]:.1f} s |")
    causes = Counter(f"{one.format}: {one.cause}" for one in readings if one.cause)
    _say("\nWhat libraries raised, most often first:")
    for cause, count in causes.most_common(40):
        _say(f"  {count:5d}  {cause}")


def _say(line: str, stream: object = None) -> None:
    print(line, file=stream or sys.stdout, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())

"""Any order of changes, builds, killed builds and rollbacks: what is found is what a dictionary says."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.torture.asking import Answers, Asker
from tests.torture.place import KEPT, Place, wait_until_gone
from tests.torture.tally import Tally

_NAMES = [
    f"map-{number % 2}/stuk-{number}.{suffix}" for number, suffix in enumerate(["md", "txt", "html"] * 3)
]
_TEXT = {
    "md": "# Stuk\n\nHier staat {}.\n",
    "txt": "Hier staat {}.\n",
    "html": "<html><body><h1>Stuk</h1><p>Hier staat {}, en dat is alles wat er staat.</p></body></html>",
}
_SYLLABLES = ("ba", "do", "fi", "ku", "lo", "me", "ni", "po", "ra", "su", "ti", "wo", "za", "ge", "hu", "vo")


def _word(number: int) -> str:
    """A word of no language, of which no two have much in common."""
    mixed = (number * 2_654_435_761 + 12_345) % 2**32
    return "".join(_SYLLABLES[mixed >> shift & 15] for shift in range(0, 28, 4)) + "x"


class Library(RuleBasedStateMachine):
    """A corpus, its index, and a model of both: `files` on disk, `published` in the live generation."""

    tally: Tally
    asker: Asker

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="kb-torture-stateful-"))
        self.place = Place.make(self.folder)
        self.files: dict[str, str] = {}
        self.published: dict[str, str] = {}
        self.models: dict[str, dict[str, str]] = {}
        self.words = 0
        self.gone: set[str] = set()
        self.tally.counts["sequences"] += 1

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize()
    def begin(self) -> None:
        for name in _NAMES[:3]:
            self._write(name)
        self.build()

    @rule(name=strategies.sampled_from(_NAMES))
    def add_or_change(self, name: str) -> None:
        self._write(name)

    @precondition(lambda self: len(self.files) > 1)
    @rule(data=strategies.data())
    def remove(self, data: strategies.DataObject) -> None:
        name = data.draw(strategies.sampled_from(sorted(self.files)))
        (self.place.corpus / name).unlink()
        self.gone.add(self.files.pop(name))

    @precondition(lambda self: len(self.files) < len(_NAMES))
    @rule(data=strategies.data())
    def rename(self, data: strategies.DataObject) -> None:
        name = data.draw(strategies.sampled_from(sorted(self.files)))
        fitting = [
            other for other in _NAMES if other not in self.files and Path(other).suffix == Path(name).suffix
        ]
        if fitting:
            other = data.draw(strategies.sampled_from(fitting))
            (self.place.corpus / other).parent.mkdir(parents=True, exist_ok=True)
            (self.place.corpus / name).rename(self.place.corpus / other)
            self.files[other] = self.files.pop(name)

    @rule()
    def build(self) -> None:
        self.tally.counts["builds"] += 1
        done = self.place.build()
        assert done.status == 0, f"a build fails: {done}"
        self._publish()
        assert not self.place.leftovers(), self.place.leftovers()
        self._look()

    @rule(share=strategies.floats(0, 1))
    def build_that_is_killed(self, share: float) -> None:
        self.tally.counts["killed builds"] += 1
        before = self.place.live()
        process, tag = self.place.start(*self.place.build_arguments)
        time.sleep(share * 1.2)
        process.kill()
        process.wait()
        wait_until_gone(tag, session=process.pid)
        process.communicate()
        if self.place.live() != before:
            self._publish()
        self._look()

    @precondition(lambda self: len(self.models) > 1)
    @rule()
    def roll_back(self) -> None:
        names = self.place.generations()
        at = names.index(self.place.live()) if self.place.live() in names else 0
        done = self.place.run("rollback")
        self.tally.counts["rollbacks" if at else "rollbacks without an older index"] += 1
        if at:
            assert done.status == 0, f"a rollback fails: {done}"
            assert self.place.live() == names[at - 1], (
                f"{names} rolled back from {names[at]} to {self.place.live()}"
            )
            self.published = self.models[self.place.live()]
        else:
            assert done.is_clear_failure, f"a rollback to nothing: {done}"
        self._look()

    def _write(self, name: str) -> None:
        self.words += 1
        if name in self.files:
            self.gone.add(self.files[name])
        self.files[name] = _word(self.words)
        path = self.place.corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_TEXT[path.suffix[1:]].format(self.files[name]), encoding="utf-8")

    def _publish(self) -> None:
        self.published = dict(self.files)
        self.models[self.place.live()] = self.published

    def _look(self) -> None:
        """A reader that starts now finds what was published, and nothing else."""
        found: Answers = self.asker.ask(self.place.indexes, [*self.published.values(), *sorted(self.gone)])
        assert not found.error, f"the index does not answer: {found}"
        assert set(found.documents) == set(self.published), (
            f"documents {found.documents}, not {self.published}"
        )
        for name, word in self.published.items():
            hits = [text for _, _, text in found.hits[word] if word in text]
            assert len(hits) == 1, f"{word} of {name} is found {len(hits)} times"
            assert word in found.hits[word][0][2], f"{word} of {name} is not the first hit"
        self.tally.counts["words found where they stand"] += len(self.published)
        lost = self.gone - set(self.published.values())
        for word in lost:
            assert not any(word in text for _, _, text in found.hits[word]), f"{word} was removed, and found"
        self._look_into_files(lost)

    def _look_into_files(self, lost: set[str]) -> None:
        """No removed word is in a file of the live generation, nor of any once no generation holds it."""
        live = self._content(self.place.indexes / self.place.live())
        for word in lost:
            assert word[:10].encode() not in live, (
                f"{word} was removed, and is in the live generation's files"
            )
        self.tally.counts["removed words looked for in files"] += len(lost)
        kept = [self.models.get(name) for name in self.place.generations()]
        if self.place.live() == max(self.place.generations()) and None not in kept and len(kept) <= KEPT:
            held = {word for model in kept if model for word in model.values()} | set(self.files.values())
            everything = self._content(self.place.indexes)
            left = sorted(word for word in lost - held if word[:10].encode() in everything)
            # What a killed build left is there until the next one.
            if not list(self.place.indexes.glob(".stage-*")):
                self.tally.counts["removed words still in other files"] += len(left)

    @staticmethod
    def _content(folder: Path) -> bytes:
        return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def stateful(_: Path, *, sequences: int, steps: int, seed: int) -> Tally:
    """`sequences` of about `steps` steps each."""
    tally = Tally(
        "Any order of changes, builds, kills and rollbacks: found is what was published, removed is gone"
    )
    with tally.timed(), Asker() as asker:
        machine = type("Library", (Library,), {"tally": tally, "asker": asker})
        chosen = hypothesis.settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            # To make a sequence shorter is to build hundreds of times more.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        try:
            run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=chosen)
        except AssertionError as error:
            notes = " / ".join(getattr(error, "__notes__", []))
            tally.breach(f"seed {seed}: {error}; {notes}")
    return tally

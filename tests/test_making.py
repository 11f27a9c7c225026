"""New documents, made and encoded ahead of who writes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from kb.chunking import Window, chunk
from kb.documents import Block, Document, Locator, Metadata, Passage, Source
from kb.embedding import Encoded
from kb.errors import DamagedFile
from kb.index.labels import DocumentLabels
from kb.index.stored import StoredVectors, embedded_hash
from kb.indexing.encoding import LocalEncoding
from kb.indexing.making import Made, Making, New
from kb.sandbox import Outcomes
from tests.geometry import WordEncoder

WINDOW = Window(words=160, overlap_words=0, tokens=400, count_tokens=WordEncoder().count_tokens)


def document(number: int, *, passages: int = 1) -> Document:
    source = Source(path=f"{number:03}.md", sha256="0" * 64, size=1)
    blocks = tuple(
        Block(text=f"Punt {at} van verslag {number}.", locator=Locator(slide=at + 1))
        for at in range(passages)
    )
    return Document(source=source, metadata=Metadata(), blocks=blocks)


def read(*documents: Document | DamagedFile) -> Outcomes:
    for number, found in enumerate(documents):
        yield Source(path=f"{number:03}.md", sha256="0" * 64, size=1), found


class Encoding:
    """The real encoding, which can be held up, and tells what it was asked."""

    def __init__(self, known: Mapping[str, StoredVectors] | None = None) -> None:
        self.known = known or {}
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked: list[list[str]] = []
        self._own = LocalEncoding(WordEncoder(), has_sentences=True)

    def make(self, found: Document) -> Made:
        passages = chunk(found, WINDOW)
        hashes = list(map(embedded_hash, passages))
        known = {key: self.known[key] for key in hashes if key in self.known}
        return Made(found, passages, hashes, known, DocumentLabels(), (), None)

    def encode(self, new: Mapping[str, Passage]) -> dict[str, StoredVectors]:
        assert self.go_on.wait(20)
        self.asked.append([passage.text for passage in new.values()])
        return dict(zip(new, self._own.of(list(new.values())), strict=True))


def closes(making: Making) -> bool:
    """Whether it can be closed, now."""
    closing_it = threading.Thread(target=making.close, daemon=True)
    closing_it.start()
    closing_it.join(20)
    return not closing_it.is_alive()


def vectors(found: object) -> list[bytes]:
    assert isinstance(found, New)
    return [
        b"".join(part.tobytes() for part in (one.vector, one.tokens, one.sentences))
        for one in found.encoded()
    ]


def expected(found: Document) -> list[bytes]:
    own = LocalEncoding(WordEncoder(), has_sentences=True).of(chunk(found, WINDOW))
    return [b"".join(part.tobytes() for part in (one.vector, one.tokens, one.sentences)) for one in own]


def test_every_document_gets_the_vectors_of_its_own_passages() -> None:
    documents = [document(number, passages=1 + number % 40) for number in range(60)]
    encoding = Encoding()
    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(read(*documents))
        found = [next(made) for _ in documents]
    assert [source.path for source, _ in found] == [one.source.path for one in documents]
    assert [vectors(one) for _, one in found] == [expected(one) for one in documents]
    assert len(encoding.asked) > 5


def test_a_document_is_there_before_its_passages_are_encoded_and_before_others_are_read() -> None:
    encoding = Encoding()
    encoding.go_on.clear()
    others = threading.Event()

    def slowly() -> Outcomes:
        yield from read(DamagedFile("not to be read"), document(1))
        assert others.wait(20)
        yield from read(document(2))

    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(slowly())
        assert isinstance(next(made)[1], DamagedFile)
        _, first = next(made)
        assert isinstance(first, New)
        others.set()
        _, second = next(made)
        assert isinstance(second, New)
        assert second.is_with(first)
        encoding.go_on.set()
        assert vectors(second) == expected(document(2))


def test_what_is_known_is_not_encoded_again() -> None:
    (passage,) = chunk(document(1), WINDOW)
    (stored,) = LocalEncoding(WordEncoder(), has_sentences=True).of([passage])
    encoding = Encoding({embedded_hash(passage): stored})
    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(read(document(1), document(2)))
        found = [next(made)[1] for _ in range(2)]
        assert [vectors(one) for one in found] == [expected(document(number)) for number in (1, 2)]
    assert encoding.asked == [["Punt 0 van verslag 2."]]


class Counted:
    """Documents with a group's passages each, which tells how many of them were read once no more is."""

    def __init__(self) -> None:
        self.read = 0

    def outcomes(self) -> Outcomes:
        for number in range(1_000_000):
            self.read += 1
            found = document(number, passages=64)
            yield found.source, found

    def reaches(self, number: int) -> bool:
        """Whether so many are read, however long it takes, and no more."""
        deadline = time.monotonic() + 20
        while self.read < number and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.settled() == number

    def settled(self) -> int:
        last, since = -1, time.monotonic()
        while self.read != last or time.monotonic() - since < 1:
            if self.read != last:
                last, since = self.read, time.monotonic()
            time.sleep(0.01)
        return last


def test_no_more_is_made_than_a_few_groups_ahead_of_who_takes_it() -> None:
    counted, encoding = Counted(), Encoding()
    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(counted.outcomes())
        assert counted.reaches(2)
        next(made)
        assert counted.reaches(2)
        for taken in range(2, 5):
            next(made)
            assert counted.reaches(taken + 1)


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_what_is_given_up_ends(taken: int) -> None:
    counted, encoding = Counted(), Encoding()
    making = Making(encoding.make, encoding.encode)
    made = making.ahead(counted.outcomes())
    for _ in range(taken):
        next(made)
    assert closes(making)
    assert counted.read == counted.settled() <= taken + 2


def test_what_is_being_made_is_not_made_on_once_it_is_given_up() -> None:
    encoding, began = Encoding(), threading.Event()

    def small() -> Outcomes:
        for number in range(1_000_000):
            began.set()
            yield from read(document(number))

    making = Making(lambda found: replace(encoding.make(found), passages=[], hashes=[]), encoding.encode)
    making.ahead(small())
    assert began.wait(20)
    assert closes(making)
    assert encoding.asked == []


def test_who_does_not_want_to_wait_for_what_is_being_read_need_not() -> None:
    never = threading.Event()

    def stuck() -> Outcomes:
        never.wait(60)
        yield from read(document(1))

    encoding = Encoding()
    making = Making(encoding.make, encoding.encode, patience=0.1)
    making.ahead(stuck())
    assert closes(making)
    never.set()


def test_who_waits_to_write_what_is_not_waited_for_gives_it_up_too() -> None:
    """Vectors of a cluster that does not answer: nothing will ever encode the rest of their group."""
    never = threading.Event()

    def stuck() -> Outcomes:
        yield from read(document(1))
        never.wait(60)

    encoding = Encoding()
    making = Making(encoding.make, encoding.encode, patience=0.1)
    _, first = next(making.ahead(stuck()))
    assert isinstance(first, New)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(first.encoded)
        assert closes(making)
        with pytest.raises(CancelledError):
            writing.result(20)
    never.set()


def test_what_reading_raises_is_raised_where_a_document_is_waited_for() -> None:
    def broken() -> Outcomes:
        yield from read(document(1))
        raise OSError("no room")

    encoding = Encoding()
    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(broken())
        _, first = next(made)
        assert isinstance(first, New)
        with pytest.raises(OSError, match="no room"):
            next(made)
        with pytest.raises(CancelledError):
            first.encoded()
        assert isinstance(making.failure, OSError)


def test_what_encoding_raises_is_raised_where_vectors_are_waited_for() -> None:
    def broken(new: Mapping[str, Passage]) -> dict[str, StoredVectors]:
        raise OSError(f"no room for {len(new)}")

    with closing(Making(Encoding().make, broken)) as making:
        _, first = next(making.ahead(read(document(1))))
        assert isinstance(first, New)
        with pytest.raises(OSError, match="no room for 1"):
            first.encoded()
        assert making.failure is None


def test_who_asks_for_more_documents_than_there_are_is_told() -> None:
    encoding = Encoding()
    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(read(document(1)))
        next(made)
        with pytest.raises(LookupError, match="no more documents"):
            next(made)


def test_of_a_large_document_no_more_is_encoded_once_it_is_given_up() -> None:
    began, go_on = threading.Event(), threading.Event()
    asked = []

    class Slow(WordEncoder):
        def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
            asked.append(len(texts))
            began.set()
            assert go_on.wait(20)
            return super().encode_passages(texts)

    given_up = threading.Event()
    encoding = LocalEncoding(Slow(), has_sentences=True, given_up=given_up)
    passages = chunk(document(1, passages=400), WINDOW)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(encoding.of, passages)
        assert began.wait(20)
        given_up.set()
        go_on.set()
        with pytest.raises(CancelledError):
            found.result()
    assert len(asked) == 1
    assert asked[0] < len(passages)

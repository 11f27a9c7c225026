"""New documents, made and encoded ahead of who writes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing

import pytest

from kb.chunking import Window, chunk
from kb.documents import Block, Document, Locator, Metadata, Passage, Source
from kb.embedding import Encoded
from kb.errors import DamagedFile
from kb.index.labels import DocumentLabels
from kb.index.writing import StoredVectors, embedded_hash
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


def test_no_more_is_made_than_a_few_groups_ahead_of_who_takes_it() -> None:
    read_so_far = 0

    def counted() -> Outcomes:
        nonlocal read_so_far
        for one in read(*(document(number, passages=64) for number in range(12))):
            read_so_far += 1
            yield one

    encoding = Encoding()
    with closing(Making(encoding.make, encoding.encode)) as making:
        made = making.ahead(counted())
        for taken in range(1, 13):
            _, found = next(made)
            assert isinstance(found, New)
            found.encoded()
            assert read_so_far <= taken + 2
    assert read_so_far == 12


@pytest.mark.parametrize("groups", [0, 3])
def test_what_is_given_up_ends_at_once(groups: int) -> None:
    endless: Iterator[Document] = (document(number, passages=64) for number in range(1_000_000))
    encoding = Encoding()
    making = Making(encoding.make, encoding.encode)
    made = making.ahead(read_one_by_one(endless))
    for _ in range(groups):
        next(made)
    making.close()
    assert len(encoding.asked) <= groups + 3


def read_one_by_one(documents: Iterator[Document]) -> Outcomes:
    for found in documents:
        yield found.source, found


def test_what_goes_wrong_is_raised_where_it_is_waited_for() -> None:
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
        with pytest.raises(OSError, match="no room"):
            first.encoded()


def test_of_a_large_document_no_more_is_encoded_once_it_is_given_up() -> None:
    began, go_on = threading.Event(), threading.Event()
    asked = []

    class Slow(WordEncoder):
        def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
            asked.append(len(texts))
            began.set()
            assert go_on.wait(20)
            return super().encode_passages(texts)

    encoding = LocalEncoding(Slow(), has_sentences=True)
    passages = chunk(document(1, passages=400), WINDOW)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(encoding.of, passages)
        assert began.wait(20)
        encoding.give_up()
        go_on.set()
        with pytest.raises(CancelledError):
            found.result()
    assert len(asked) == 1
    assert asked[0] < len(passages)

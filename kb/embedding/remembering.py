"""An encoder that remembers the queries that it was last asked: many are asked again, or page by page."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from kb.embedding import Encoded, Encoder, EncoderIdentity, Spans

# Some 30 kB each, mostly for the vectors of its tokens.
_REMEMBERED = 512


class RememberingEncoder:
    """Another encoder, asked only for queries that are not among the last ones. Safe to use from threads."""

    def __init__(self, encoder: Encoder, *, remembered: int = _REMEMBERED) -> None:
        self._encoder = encoder
        self._remembered = remembered
        self._queries: OrderedDict[str, Encoded] = OrderedDict()
        self._changing = threading.Lock()

    @property
    def identity(self) -> EncoderIdentity:
        return self._encoder.identity

    @property
    def window(self) -> int:
        return self._encoder.window

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encoder.encode_passages(texts)

    def encode_query(self, text: str) -> Encoded:
        return self.encode_queries([text])[0]

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        found = {text: known for text in texts if (known := self._known(text))}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found.update(zip(new, self._encoder.encode_queries(new), strict=True))
            self._remember({text: found[text] for text in new})
        return [found[text] for text in texts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def passage_tokens(self, text: str) -> Spans:
        return self._encoder.passage_tokens(text)

    def _known(self, text: str) -> Encoded | None:
        with self._changing:
            if text in self._queries:
                self._queries.move_to_end(text)
            return self._queries.get(text)

    def _remember(self, new: dict[str, Encoded]) -> None:
        with self._changing:
            self._queries.update(new)
            while len(self._queries) > self._remembered:
                self._queries.popitem(last=False)

"""One generated answer: asked, split into sentences and judged as it comes, within its time."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial

from kb.errors import KBError
from kb.generating.endpoint import Endpoint
from kb.generating.generated import Cited, Cut, Dropped, Ended, Ending, Generated, Source
from kb.generating.prompt import prompt
from kb.generating.splitting import cited_sentences
from kb.generating.support import Support
from kb.language import language_of

# Judges where it keeps nobody else waiting.
Judging = Callable[[Callable[[], Generated | Dropped]], Awaitable[Generated | Dropped]]

# A model that goes on and on is stopped.
_MAX_SENTENCES = 40
_log = logging.getLogger(__name__)


class Generation:
    """What is asked of an endpoint for one question, and by which sources its answer is judged."""

    def __init__(
        self, endpoint: Endpoint, support: Support, *, question: str, sources: Sequence[Source]
    ) -> None:
        self._endpoint = endpoint
        self._support = support
        self._question = question
        self._sources = sources

    async def run(self, judging: Judging = asyncio.to_thread) -> AsyncGenerator[Generated | Ended, None]:
        """The sentences that are supported, each once, as they come, and then how it ended.

        Nothing that the endpoint does is raised. Sentences are judged by `judging`, in a thread by default.
        """
        sources = {source.number: source for source in self._sources}
        language = language_of(self._question)
        dropped: Counter[Dropped] = Counter()
        kept: set[str] = set()
        ending = Ending.COMPLETE
        try:
            async for sentence in self._written():
                found = await judging(partial(self._support.judge, sentence, sources, language=language))
                if isinstance(found, Dropped):
                    dropped[found] += 1
                elif found.text not in kept:
                    kept.add(found.text)
                    yield found
        except TimeoutError:
            ending = Ending.TIMED_OUT
        except Cut as error:
            ending = Ending.CUT
            _log.info("%s", error)
        except KBError as error:
            ending = Ending.FAILED
            _log.warning("%s", error)
        yield Ended(ending=ending, kept=len(kept), dropped=dropped)

    async def _written(self) -> AsyncGenerator[Cited, None]:
        """The sentences of the model. Raises `TimeoutError`, `Cut` or `EndpointFailed`."""
        deadline = asyncio.get_running_loop().time() + self._endpoint.seconds
        async with (
            aclosing(self._endpoint.words(prompt(self._question, self._sources))) as words,
            aclosing(cited_sentences(words)) as written,
        ):
            for _ in range(_MAX_SENTENCES):
                # Around the endpoint alone: whoever reads may take his time, and is not cut off by it.
                async with asyncio.timeout_at(deadline):
                    sentence = await anext(written, None)
                if sentence is None:
                    return
                yield sentence
        raise Cut("The language model went on and on; its answer is cut off")

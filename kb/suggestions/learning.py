"""What an index has to suggest, learned once of each, in the background."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from kb.documents import name_key
from kb.index import DocumentRecord, Index
from kb.process_limits import give_back_freed
from kb.suggestions import Suggestion, SuggestionKind
from kb.suggestions.matching import Suggestions
from kb.suggestions.phrases import PhraseLearner

_log = logging.getLogger(__name__)

# Passages that phrases are learned of, about: those of more hardly differ, and take memory and minutes. How
# often a phrase occurs is estimated then.
_PASSAGES = 25_000
# Searches go first: in Python a thread that works holds up the others.
_PATIENCE = 3.0
_AT_ONCE = 8


class LearnedSuggestions:
    """The suggestions of indexes, for as long as each index is in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._learned: WeakKeyDictionary[Index, Suggestions] = WeakKeyDictionary()

    def of(self, index: Index) -> Suggestions:
        """What an index suggests: the first time its names, and from some seconds later its phrases as well.

        Nothing that the index does not show is ever suggested.
        """
        with self._lock:
            found = self._learned.get(index)
            if found is None:
                found = self._learned[index] = Suggestions(_names(index), is_complete=False)
                thread = threading.Thread(target=self._learn, args=[index], name="suggestions", daemon=True)
                thread.start()
        return found

    def _learn(self, index: Index) -> None:
        try:
            learned = learn(index, patience=_PATIENCE)
        except Exception:
            # A search does not need them; the names stay.
            _log.exception("the phrases of generation %s could not be learned", index.manifest.generation)
            return
        with self._lock:
            self._learned[index] = learned
        # To learn takes some times the memory of what was learned.
        give_back_freed()


def learn(index: Index, *, patience: float = 0.0) -> Suggestions:
    """All that an index suggests. Takes a second for some thousands of passages.

    After every few passages it waits `patience` times as long as it worked.
    """
    return Suggestions([*_names(index), *_phrases(index, patience)])


def _names(index: Index) -> Iterator[Suggestion]:
    facets = index.facets()
    titles = [record.title for record in index.documents()]
    for kind, named in (
        (SuggestionKind.THEME, facets.themes.items()),
        (SuggestionKind.EVENT, [(event.name, count) for event, count in facets.events.items()]),
        (SuggestionKind.SPEAKER, facets.speakers.items()),
        (SuggestionKind.HOST, facets.hosts.items()),
        (SuggestionKind.TITLE, [(title, 1) for title in titles]),
    ):
        documents: dict[str, int] = {}
        texts: dict[str, str] = {}
        for text, count in named:
            key = name_key(text)
            documents[key] = documents.get(key, 0) + count
            texts.setdefault(key, " ".join(text.split()))
        for key, text in texts.items():
            yield Suggestion(text=text, kind=kind, documents=documents[key])


def _texts(index: Index, record: DocumentRecord, patience: float) -> Iterator[str]:
    """The texts of a document's passages; after each few it waits."""
    rows = index.document_rows(record.id)
    for start in range(rows.start, rows.stop, _AT_ONCE):
        begun = time.perf_counter()
        for found in index.passages(range(start, min(start + _AT_ONCE, rows.stop))):
            yield found.passage.text
        time.sleep((time.perf_counter() - begun) * patience)


def _phrases(index: Index, patience: float) -> Iterator[Suggestion]:
    learner = PhraseLearner()
    documents = index.documents()
    # Evenly spread over the corpus.
    every = max(1, math.ceil(index.manifest.passages / _PASSAGES))
    for record in documents[::every]:
        learner.add(_texts(index, record, patience))
    for text, count in learner.phrases().items():
        yield Suggestion(text=text, kind=SuggestionKind.PHRASE, documents=count * every)

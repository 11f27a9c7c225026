"""Whether the service can answer: it loads index and encoder in the background and keeps trying."""

from __future__ import annotations

import gc
import logging
import threading

from api.problems import RETRY_SECONDS, Problem, ProblemError
from kb.errors import EncoderUnavailable, IndexUnavailable
from kb.knowledge_base import KnowledgeBase
from kb.process_limits import give_back_freed

_log = logging.getLogger("api")
_PAUSE_SECONDS = 3.0
_LATER = {"Retry-After": str(RETRY_SECONDS)}


class Readiness:
    """Warms a knowledge base in a thread, so that the server listens at once."""

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        self._knowledge_base = knowledge_base
        self._stop = threading.Event()
        self._is_ending = False
        self._failure: EncoderUnavailable | None = None
        # No daemon: a process that ends while PyTorch is being loaded is aborted by its C++ (SIGABRT).
        self._thread = threading.Thread(target=self._run, name="warming")

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def stop(self) -> None:
        """Try no more, once the model that is being loaded is there: that cannot be broken off.

        `api.stopping` ends a process that was asked to stop and takes too long.
        """
        self._stop.set()
        self._thread.join()

    def end(self) -> None:
        """Be ready no more, while what is asked is still answered: the service is about to stop."""
        self._is_ending = True

    def check(self) -> None:
        """Return when a search would be answered at once, and the service is not about to stop.

        Raises `IndexUnavailable`, `EncoderUnavailable`, or `ProblemError` while the model is loading.
        """
        if self._is_ending:
            raise ProblemError(Problem(503, "The service is stopping.", headers=_LATER))
        self._knowledge_base.manifest()
        self._knowledge_base.check_engine()
        if self._knowledge_base.is_warm:
            return
        if self._failure:
            raise self._failure
        detail = "The model is still being loaded. Try again in some seconds."
        raise ProblemError(Problem(503, detail, headers=_LATER))

    def _run(self) -> None:
        told = ""
        while not self._stop.is_set():
            try:
                self._knowledge_base.warm()
                # What was loaded stays: a collection would walk through all of it while searches wait.
                gc.freeze()
                give_back_freed()
                return
            except IndexUnavailable as error:
                self._failure, problem = None, str(error)
            except EncoderUnavailable as error:
                self._failure, problem = error, str(error)
            except Exception:
                _log.exception("index and model could not be loaded")
                self._failure = EncoderUnavailable("the model could not be loaded")
                problem = told
            if problem != told:
                _log.warning("not ready: %s", problem)
                told = problem
            self._stop.wait(_PAUSE_SECONDS)

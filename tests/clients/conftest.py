"""A service that clients ask, and both clients behind one face."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from kb.client import AsyncClient, Client
from kb.settings import Settings
from tests.clients.services import Service, make_place

Connect = Callable[..., Any]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A corpus with an index, for who does not change it."""
    return make_place(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def service(place: Settings) -> Iterator[Service]:
    """A service over `place`, in a process of its own."""
    with Service(place) as service:
        yield service


class Awaited:
    """An `AsyncClient` that a test can ask without awaiting."""

    def __init__(self, portal: BlockingPortal, client: AsyncClient) -> None:
        self._portal = portal
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if inspect.isasyncgenfunction(found):
            return lambda *given, **options: self._each(found(*given, **options))
        if inspect.iscoroutinefunction(found):
            return lambda *given, **options: self._portal.call(partial(found, *given, **options))
        return found

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        with contextlib.suppress(StopAsyncIteration):
            while True:
                yield self._portal.call(items.__anext__)


@pytest.fixture(params=["blocking", "asynchronous"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Connects a client of either kind; what is promised of one is promised of both."""
    with contextlib.ExitStack() as stack:
        if request.param == "blocking":
            yield lambda *given, **options: stack.enter_context(Client(*given, **options))
            return
        portal = stack.enter_context(start_blocking_portal())

        def connected(*given: Any, **options: Any) -> Awaited:
            client = AsyncClient(*given, **options)
            stack.enter_context(portal.wrap_async_context_manager(client))
            return Awaited(portal, client)

        yield connected


@pytest.fixture
def client(connect: Connect, service: Service) -> Any:
    return connect(service.url)

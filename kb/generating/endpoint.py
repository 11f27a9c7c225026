"""The endpoint of the language model: a chat in, its words out as they come, within bounds.

The chat completions of OpenAI's API, as Ollama, vLLM, llama.cpp and `transformers serve` give them too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from kb import __version__
from kb.errors import EndpointFailed, SettingsError
from kb.generating.events import event_data
from kb.generating.generated import Cut
from kb.settings import Settings

if TYPE_CHECKING:
    import httpx2

Message = Mapping[str, str]

_CONNECT_SECONDS = 5.0
# An answer takes some 200 tokens; models that think first take many more for that.
_MAX_TOKENS = 2_000
_MAX_CHARACTERS = 16_000
_MAX_KEY = 4_096
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the model is, and with which key. `repr` does not hold the key."""

    url: str
    model: str
    seconds: float
    key_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Endpoint | None:
        """The one that the settings name, if any. Raises `SettingsError` when its key cannot be read."""
        if not settings.llm_url:
            return None
        found = cls(
            url=_completions(settings.llm_url),
            model=settings.llm_model,
            seconds=settings.llm_seconds,
            key_file=settings.llm_key_file,
        )
        found._headers()
        return found

    async def words(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """What the model answers, piece by piece.

        Nothing is followed elsewhere, and no settings of the environment (proxies, .netrc) apply. Raises
        `EndpointFailed`, or `Cut` when the answer does not come to its end.
        """
        import httpx2

        body = {
            "model": self.model,
            "messages": list(messages),
            "stream": True,
            "temperature": 0,
            "max_tokens": _MAX_TOKENS,
        }
        timeout = httpx2.Timeout(self.seconds, connect=min(_CONNECT_SECONDS, self.seconds))
        has_begun = False
        try:
            async with (
                httpx2.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", self.url, json=body, headers=self._headers()) as response,
            ):
                _refuse(response)
                async for piece in _pieces(event_data(response.aiter_raw())):
                    has_begun = True
                    yield piece
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            if has_begun:
                raise Cut(f"The language model broke off its answer: {type(error).__name__}") from error
            raise EndpointFailed(
                f"The language model at {self.url} cannot be asked: {type(error).__name__}. Is it running, "
                "and is KB_LLM_URL its address?"
            ) from error

    def _headers(self) -> dict[str, str]:
        # Nothing is unpacked: a small answer could be large.
        headers = {
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "User-Agent": f"kennisbank/{__version__}",
        }
        if self.key_file:
            headers["Authorization"] = f"Bearer {_key(self.key_file)}"
        return headers


def _completions(url: str) -> str:
    """The address of the completions, from what operators call the address of an API."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path.endswith(_PATH):
        path = (path or "/v1") + _PATH
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _key(file: Path) -> str:
    """The key in a file, read each time so that a new one needs no restart."""
    try:
        with file.open("rb") as stream:
            found = stream.read(_MAX_KEY + 1).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The key in {file} (KB_LLM_KEY_FILE) cannot be read: {error}") from None
    if not found or len(found) > _MAX_KEY or not found.isprintable() or " " in found:
        raise SettingsError(f"{file} (KB_LLM_KEY_FILE) does not hold one key and nothing else")
    return found


def _refuse(response: httpx2.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or kind != "text/event-stream":
        raise EndpointFailed(
            f"The language model's endpoint answered with status {response.status_code} and "
            f"{kind[:80] or 'no type'} where a stream of events was asked. Are KB_LLM_URL and KB_LLM_MODEL "
            "right?"
        )
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise EndpointFailed("The language model's endpoint packed its answer, which was not asked")


async def _pieces(events: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """The words in the events. Raises `Cut` when they end before the model says so."""
    characters, is_done = 0, False
    async for data in events:
        if data.strip() == "[DONE]":
            return
        choice = _choice(data)
        piece = _of(choice.get("delta"), dict).get("content")
        if isinstance(piece, str) and piece:
            characters += len(piece)
            if characters > _MAX_CHARACTERS:
                raise Cut("The language model's answer is too long; it is cut off")
            yield piece
        reason = choice.get("finish_reason")
        if reason == "length":
            raise Cut("The language model's answer is as long as may be; it is cut off")
        is_done = is_done or reason is not None
    if not is_done:
        raise Cut("The language model's answer ended before its end")


def _choice(data: str) -> Mapping[str, Any]:
    """The first choice in an event; an empty one where it has none, as in an event that counts tokens."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EndpointFailed("The language model's endpoint sent an event that is not JSON") from error
    if not isinstance(found, dict) or found.get("error"):
        raise EndpointFailed("The language model's endpoint sent an error in place of an answer")
    choices = _of(found.get("choices"), list)
    return _of(choices[0], dict) if choices else {}


def _of(value: Any, kind: type[Any]) -> Any:
    return value if isinstance(value, kind) else kind()

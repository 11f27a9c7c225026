"""When a request is sent again: after which errors, after how long, and for how long in all."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from kb.client.errors import (
    ClientError,
    FileDamaged,
    RateLimited,
    ServiceError,
    ServiceUnreachable,
    TimedOut,
    Unavailable,
)

# Only what is waited for no longer than a call may take; an answer that never ends is cut off there too.
_SHORTEST_TIMEOUT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """How often and how long a call is tried.

    A request that changes nothing, or the same thing when sent twice, is sent again when the service cannot
    be reached, is busy (429) or unavailable (502, 503, 504). `attempts` counts the first one too. Before
    attempt n+1 comes a pause drawn evenly from 0 to `first_pause` · 2^(n-1) seconds, at most `longest_pause`
    ("full jitter": M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015): clients that
    failed together do not come back together. When the service says how long to wait (`Retry-After`), it is
    waited for at least so long. A call takes `total_seconds` at most, all of its attempts and pauses
    together; a pause that does not fit in that is not begun.
    """

    attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 8.0
    total_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}; it must be at least 1")
        if min(self.first_pause, self.longest_pause) < 0 or self.total_seconds <= 0:
            raise ValueError("pauses must not be negative, and total_seconds must be more than 0")


class Attempts:
    """The attempts of one call, and the time that is left for it."""

    def __init__(self, retrying: Retrying, *, is_repeatable: bool) -> None:
        self._retrying = retrying
        self._left = retrying.attempts if is_repeatable else 1
        self._number = 0
        self._deadline = time.monotonic() + retrying.total_seconds

    @property
    def seconds_left(self) -> float:
        """How long the call may still take."""
        return self._deadline - time.monotonic()

    def timeout(self, seconds: float) -> float:
        """How long one step of an attempt may take: `seconds`, or what is left."""
        return max(min(seconds, self.seconds_left), _SHORTEST_TIMEOUT)

    def check_time(self) -> None:
        """Raise `TimedOut` when there is no time left."""
        if self.seconds_left <= 0:
            raise TimedOut(f"The answer was not complete after {self._retrying.total_seconds:g} seconds")

    def pause_after(self, error: ClientError) -> float | None:
        """How many seconds to wait before the next attempt; None when there is to be none."""
        self._left -= 1
        self._number += 1
        if self._left <= 0 or not isinstance(
            error, RateLimited | Unavailable | ServiceUnreachable | FileDamaged
        ):
            return None
        asked = error.retry_after if isinstance(error, ServiceError) else None
        widest = min(self._retrying.first_pause * 2.0 ** (self._number - 1), self._retrying.longest_pause)
        pause = (asked or 0.0) + random.uniform(0, widest)  # noqa: S311 - no secret depends on it
        return pause if pause < self.seconds_left else None

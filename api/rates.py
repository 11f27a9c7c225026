"""How many requests a client may send: counted per key, else per address, in memory alone."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from starlette.types import Scope

# Seconds over which requests are counted.
WINDOW = 60
# Clients that are remembered: some 20 MB. Of more, those that were longest away begin anew.
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a request: the `policy` that counted it, and what is left of that.

    `wait` are the seconds until the request would be allowed, 0 for one that is; `reset` those until the
    whole quota is there again.
    """

    policy: str
    quota: int
    remaining: int
    reset: int
    wait: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers (version 10) writes it."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset}',
        }


class Rates:
    """Requests of each client under one policy, by the generic cell rate algorithm (ITU-T I.371, 1993).

    A moment is all that is kept of a client: when its requests so far would be over, had they come evenly.
    A quota may be used at once, and comes back evenly.
    """

    def __init__(
        self,
        policy: str,
        quota: int,
        *,
        remembered: int = _REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A quota of `quota` requests a minute; 0 for no bound."""
        self._policy = policy
        self._quota = quota
        self._remembered = remembered
        self._clock = clock
        self._over: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._over)

    def take(self, client: Hashable, requests: int = 1) -> Taken | None:
        """Count requests of a client; those that are not allowed are not counted. None without a bound."""
        if not self._quota:
            return None
        now, apart = self._clock(), WINDOW / self._quota
        self._forget(now)
        # More than the quota at once could never be allowed.
        over = max(now, self._over.get(client, now)) + min(requests, self._quota) * apart
        wait = over - now - WINDOW
        # The clock's own rounding is no reason to refuse the last one.
        if wait > apart / 1_000:
            return self._taken(over - now - min(requests, self._quota) * apart, wait=wait)
        self._over[client] = over
        self._over.move_to_end(client)
        return self._taken(over - now)

    def _taken(self, used: float, *, wait: float = 0.0) -> Taken:
        return Taken(
            policy=self._policy,
            quota=self._quota,
            remaining=max(0, int((WINDOW - used) * self._quota / WINDOW + 1e-6)),
            reset=math.ceil(used),
            wait=math.ceil(wait),
        )

    def _forget(self, now: float) -> None:
        """Let go of who was longest away, as far as that tells nothing or there are too many."""
        for _ in range(2):
            client = next(iter(self._over), None)
            if client is None or (self._over[client] > now and len(self._over) < self._remembered):
                return
            del self._over[client]


def address_of(scope: Scope) -> Hashable | None:
    """The address that a request comes from, as it is counted; None for this machine.

    Of an IPv6 address the first 64 bits count: the rest is the client's to choose. What a proxy gave in the
    place of an address counts as one client.
    """
    client = scope.get("client")
    if not client:
        # A socket of this machine.
        return None
    try:
        found = ipaddress.ip_address(client[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if not found.ipv4_mapped:
            return None if found.is_loopback else int(found) >> 64
        found = found.ipv4_mapped
    return None if found.is_loopback else str(found)

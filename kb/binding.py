"""Who can reach the address that the service listens on, and so whether reading asks a key."""

from __future__ import annotations

import ipaddress
import socket

from kb.errors import SettingsError
from kb.keys import Keys
from kb.settings import Settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address or what a name stands for.

    Raises `SettingsError` for a name that stands for nothing.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"KB_HOST: {host!r} is no address of this machine and no name of one ({error}). Set it to "
            "127.0.0.1, or to an address that ip addr names"
        ) from None
    return all(_is_loopback(str(address[0])) for *_, address in found)


def reading_asks_key(settings: Settings) -> bool:
    """Whether open documents are for those with a key of the scope search, and not for everybody.

    Raises `SettingsError` as `is_loopback` does.
    """
    if settings.reading == "key":
        return True
    return settings.public == "off" and not is_loopback(settings.host)


def refuse_unguarded(settings: Settings) -> None:
    """Raise `SettingsError` where others would reach the service and nobody has made a key for it.

    Raises `KeysUnavailable` where that cannot be told.
    """
    if settings.public == "on" or is_loopback(settings.host) or Keys(settings.keys_file).all():
        return
    raise SettingsError(
        f"KB_HOST: other machines reach {settings.host}, and there is no key in {settings.keys_file}. Make "
        "one (kb key create NAME --scope search), or listen on 127.0.0.1 behind a proxy that knows who may "
        "read. If everybody may search what is open: kb serve --public, or KB_PUBLIC=on"
    )


def _is_loopback(address: str) -> bool:
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback

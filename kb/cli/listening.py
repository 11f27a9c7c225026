"""The sockets that a service listens on, taken before it loads anything."""

from __future__ import annotations

import errno
import os
import socket

from kb.errors import SettingsError


def listen(host: str, port: int, *, queue: int) -> list[socket.socket]:
    """A socket for each address that `host` stands for, with `queue` connections waiting at most.

    They listen already: two services that start together could both bind a port, which is a matter of names
    only, and the one that listens last would find out when its model is being loaded. That cannot be broken
    off: PyTorch's C++ aborts a process that ends meanwhile.
    Raises `SettingsError` where the system does not allow it, or another service has the port.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _refused(host, port, str(error)) from None
    taken: list[socket.socket] = []
    absent = ""
    try:
        for family, *_, address in dict.fromkeys(found):
            try:
                taken.append(_listening(family, address, queue))
            except OSError as error:
                # A machine without IPv6 may still name its address of it for localhost.
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise
                absent = _reason(error)
        if not taken:
            raise _refused(host, port, absent)
    except OSError as error:
        for listener in taken:
            listener.close()
        raise _refused(host, port, _reason(error)) from None
    return taken


def _listening(family: int, address: tuple[object, ...], queue: int) -> socket.socket:
    # asyncio sends at once (TCP_NODELAY) on sockets that say they are of TCP alone. On others the body of an
    # answer waits until the client has told that it has the head, 40 ms later.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(queue)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()


def _refused(host: str, port: int, reason: str) -> SettingsError:
    return SettingsError(
        f"The service cannot listen on {host}, port {port}: {reason}. Is another one running? Choose --port, "
        "or set KB_HOST to an address of this machine"
    )

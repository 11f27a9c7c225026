"""No network for this process and all that it starts, by a filter of system calls (seccomp(2), bpf(4)).

A namespace without a network would do as well, but containers seldom let an ordinary process have one.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
import sys
from dataclasses import dataclass

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38
# Where a filter finds the number of a system call, the architecture, and the low half of the first argument.
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EACCES
# The first of the second set of numbers that x86 has for the same calls.
_X32 = 0x40000000
_IO_URING_SETUP = 425


@dataclass(frozen=True, slots=True)
class _Machine:
    audit: int
    socket: int


_MACHINES = {"x86_64": _Machine(0xC000003E, 41), "aarch64": _Machine(0xC00000B7, 198)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def leave_the_network() -> bool:
    """Refuse every socket but those of the file system, for good. False where that cannot be done."""
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return False
    steps = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 5, 0, _X32),
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 2, machine.socket),
        (_LOAD, 0, 0, _FIRST),
        (_IF_EQUAL, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    library = ctypes.CDLL(None)
    return bool(
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    )

"""No files for this process and all that it starts but those that it needs, by the kernel's Landlock.

https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import kb

# The same numbers on every machine.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE = 1 << 1, 1 << 2
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_CHANGE = (
    _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO | _MAKE_SYM
)
# What later versions can refuse too: moving files to another folder, and cutting them short.
_LATER = {2: 1 << 13, 3: 1 << 14}
# Where programs and their libraries, fonts and settings are. No documents lie there.
_SYSTEM = (
    "/bin", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/var/cache/fontconfig",
    "/var/lib/libreoffice",
)  # fmt: skip


def leave_the_files(*, reads: Iterable[Path], writes: Path, sockets: Path | None = None) -> bool:
    """Refuse every file but those of the system and of Python, these to read and this folder to write in.

    In `sockets` sockets may be made, and files removed. For good. False where the kernel cannot do that.
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    version = library.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return False
    later = sum(right for since, right in _LATER.items() if version >= since)
    handled = _CHANGE | _READ_FILE | _MAKE_CHAR | _MAKE_BLOCK | later
    ruleset = library.syscall(_CREATE_RULESET, struct.pack("=Q", handled), 8, 0)
    if ruleset < 0:
        return False
    try:
        _allow(library, ruleset, writes, _CHANGE | _READ_FILE | later)
        _allow(library, ruleset, Path("/dev"), _READ_FILE | _WRITE_FILE)
        if sockets:
            _allow(library, ruleset, sockets, _MAKE_SOCK | _REMOVE_FILE)
        for path in {*reads, *map(Path, _SYSTEM), *_python()}:
            _allow(library, ruleset, path, _READ_FILE)
        return bool(
            library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            and library.syscall(_RESTRICT_SELF, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)


def _python() -> set[Path]:
    """Where Python finds what it imports; not the project's own folder, where corpus and index may lie."""
    package = Path(kb.__file__).resolve().parent
    found = {Path(path) for path in (*sys.path, *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix)}
    if package.parent.name not in ("site-packages", "dist-packages"):
        found = {path for path in found if path.resolve() != package.parent}
    return {package, *(path for path in found if path.is_absolute())}


def _allow(library: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    """Add a rule for a file or for all below a folder; one that is not there needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        library.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)

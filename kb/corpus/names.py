"""Names under which a file may be added to the corpus: harmless on every system, and never a sidecar."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from kb.errors import InvalidDocument

MAX_NAME_BYTES = 150
_MAX_FOLDERS = 16
# What Windows allows in no name; a corpus may lie on a drive that it shares.
_FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
# Office keeps who has a file open in a file of which the name begins so.
_LOCK_MARK = re.compile(r"~+\$+")
_SPACES = re.compile(r"\s+")
# What the corpus itself means by a name: metadata, and questions that guard its quality.
_OWN_SUFFIXES = (".yaml", ".yml")
_OWN_NAMES = ("golden.jsonl",)


def safe_name(name: str) -> str:
    """A file's name without path, control and direction characters, at most `MAX_NAME_BYTES` long.

    Raises `InvalidDocument` when nothing is left of it, or when it is a name with a meaning of its own.
    """
    last = re.split(r"[/\\]", name)[-1]
    clean = _clean(last)
    suffix = PurePosixPath(clean).suffix
    stem = clean.removesuffix(suffix).rstrip(" .")
    if not stem or not suffix:
        raise _invalid(
            "file", "name", "The file has no name, or no extension. Give it one, such as verslag.pdf"
        )
    if suffix.lower() in _OWN_SUFFIXES or clean.lower() in _OWN_NAMES:
        message = f"{clean} would say something of other documents. Put it in the corpus yourself"
        raise _invalid("file", "name", message)
    room = MAX_NAME_BYTES - len(suffix.encode())
    if room < 1:
        raise _invalid("file", "name", f"The extension of the file is longer than {MAX_NAME_BYTES} bytes")
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + suffix


def safe_folder(folder: str) -> tuple[str, ...]:
    """The parts of a folder's path within the corpus; none for the corpus itself.

    Raises `InvalidDocument`.
    """
    if not folder:
        return ()
    parts = unicodedata.normalize("NFC", folder).split("/")
    if len(parts) > _MAX_FOLDERS:
        raise _invalid("folder", "too-deep", f"The folder is more than {_MAX_FOLDERS} deep")
    if "\\" in folder or any(part.strip() in ("", ".", "..") for part in parts):
        message = "The folder is not a path within the corpus. Write it as 2024-11-07-avond/presentaties"
        raise _invalid("folder", "path", message)
    clean = tuple(_clean(part) for part in parts)
    if any(not part or len(part.encode()) > MAX_NAME_BYTES for part in clean):
        message = f"A part of the folder has no name, or one of more than {MAX_NAME_BYTES} bytes"
        raise _invalid("folder", "name", message)
    return clean


def _clean(name: str) -> str:
    """A name in NFC without what cannot be seen, hides a file or is forbidden somewhere."""
    visible = "".join(
        " " if unicodedata.category(letter) in ("Zs", "Zl", "Zp") else letter
        for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter)[0] != "C" or letter in "\t\n\r"
    )
    plain = _LOCK_MARK.sub("", _FORBIDDEN.sub("_", _SPACES.sub(" ", visible)))
    plain = plain.strip(" ").lstrip(". ").rstrip(" .")
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain


def _invalid(parameter: str, code: str, message: str) -> InvalidDocument:
    return InvalidDocument([(parameter, code, message)])

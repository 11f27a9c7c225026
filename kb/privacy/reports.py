"""Reports of builds as they may be told: without withheld documents, and without names that are masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.documents import stable_id
from kb.privacy import PrivacyList

_PATHS = ("added", "changed", "removed", "undated")
_COUNTED = {"undated": "documentsUndated"}


def told_report(report: Mapping[str, Any], privacy: PrivacyList) -> dict[str, Any]:
    """The report of a build, as JSON, of any age: also of one that was made before the list said so.

    The counts that are those of a list of paths follow it; those of passages cannot.
    """
    found = _without_withheld(report, privacy) if privacy.withhold else dict(report)
    if privacy.names:
        found = {key: _masked(value, privacy) for key, value in found.items()}
    return found


def _without_withheld(report: Mapping[str, Any], privacy: PrivacyList) -> dict[str, Any]:
    def may_be_told(path: Any) -> bool:
        return not isinstance(path, str) or not is_withheld(path, privacy)

    found = dict(report)
    for name in _PATHS:
        if isinstance(paths := found.get(name), list):
            found[name] = [path for path in paths if may_be_told(path)]
    for name, counted in _COUNTED.items():
        if isinstance(paths := found.get(name), list):
            found[counted] = len(paths)
    for name, keys in (("renamed", ("from", "to")), ("nearDuplicates", ("path", "like"))):
        if isinstance(pairs := found.get(name), list):
            found[name] = [
                pair
                for pair in pairs
                if isinstance(pair, Mapping) and all(may_be_told(pair.get(key)) for key in keys)
            ]
    if isinstance(files := found.get("files"), list):
        kept = [file for file in files if isinstance(file, Mapping) and may_be_told(file.get("path"))]
        found["files"] = kept
        found["filesLeftOut"] = sum(file.get("status") == "left-out" for file in kept)
        found["documents"] = sum(file.get("status") == "read" for file in kept)
        counts = [file.get("passages", 0) for file in kept]
        found["passages"] = sum(count for count in counts if isinstance(count, int))
    if isinstance(only_open := found.get("open"), Mapping):
        found["open"] = _without_withheld(only_open, privacy)
    return found


def told_message(message: str, privacy: PrivacyList) -> str:
    """A message of a build, which may name a document on a line of its own."""
    lines = [line for line in message.splitlines() if not is_withheld(line.strip(), privacy)]
    return privacy.names.masked("\n".join(lines))


def is_withheld(path: str, privacy: PrivacyList) -> bool:
    """Whether a report may not name this file: a document that is withheld, or what is told of it."""
    described = path.removesuffix(".yaml").removesuffix(".yml")
    return any(privacy.why_withheld(one, stable_id("document", one)) is not None for one in {path, described})


def _masked(value: Any, privacy: PrivacyList) -> Any:
    match value:
        case str():
            return privacy.names.masked(value)
        case list():
            return [_masked(one, privacy) for one in value]
        case dict():
            return {key: _masked(one, privacy) for key, one in value.items()}
    return value

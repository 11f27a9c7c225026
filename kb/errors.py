"""Every error that this package raises on purpose.

KBError
├── SettingsError            a setting or environment variable that cannot be used
│   └── InvalidPrivacyList   the suppression list is gone, cannot be read or breaks its format
├── CorpusError              the corpus folder is missing, unreadable or empty
├── InvalidDocument          a file that cannot be added to the corpus as asked
├── DocumentExists           there is a file of that name in the corpus already
├── CorpusNotWritten         the disk is full, or the corpus may not be written
├── ParseError               one source cannot be read; the build goes on without it
│   ├── UnsupportedFormat    a kind of file that has no reader
│   ├── NoTextLayer          nothing but pictures, and no OCR to read them
│   ├── EncryptedFile        a password is needed
│   ├── DamagedFile          the file breaks its own format
│   ├── TooLarge             a limit on size, pages, time or memory was reached
│   └── FileChanged          the file was changed while it was read
├── ReadersUnavailable       the processes that read files cannot be started
├── ClusterUnavailable       the cluster that reads and encodes cannot be joined, or did not finish
├── BuildRefused             a finished build is not published
│   ├── TooManyRemovals      it would take away a large part of the documents
│   └── QualityLost          it does not answer golden questions that the live index does
├── BuildInProgress          another process is building this index
├── IndexNotWritten          the disk is full, or the index's folder may not be written
├── UnknownGeneration        no generation of that name, or none to go back to
├── ArchiveError             a backup
│   ├── CorruptArchive       cut short, damaged, or not made by kb backup
│   ├── IncompatibleArchive  made by a newer version of this program
│   └── ArchiveNotWritten    the file exists, the disk is full, or it may not be written there
├── KeysUnavailable          the file of API keys cannot be read or written
├── EncoderUnavailable       the model cannot be found or loaded
├── IndexUnavailable         no index can be asked
│   ├── NoIndex              nothing has been published yet
│   ├── IncompatibleIndex    made by another model or another format version
│   ├── CorruptIndex         a file is missing or does not have its checksum
│   └── EngineUnavailable    the engine that ranks cannot be reached, or its client is not installed
├── InvalidQuery             a search that cannot be carried out as asked
├── InvalidQuestions         a file of questions or a benchmark that breaks its format
├── EvaluationUnavailable    a library that only measuring needs is not installed
├── AssistantsUnavailable    the library that assistants are answered with is not installed
├── EndpointFailed           the language model's endpoint gives no answer that can be used
├── GapsUnavailable          the file of what was asked and not answered cannot be read
├── NoView                   no picture can be made of a page or slide
├── ViewsBusy                too many pictures are waited for
├── FileWithheld             a name that must not be read stands in the file of a document
└── NotFound                 no such document or passage in the live generation

Messages are for operators: in English, they say what happened and what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class KBError(Exception):
    """The root of this package's errors."""


class SettingsError(KBError):
    """A setting or environment variable cannot be used."""


class InvalidPrivacyList(SettingsError):
    """The suppression list is not there any more, cannot be read or breaks its format."""


class CorpusError(KBError):
    """The corpus folder is missing, unreadable or holds nothing that can be read."""


class InvalidDocument(KBError):
    """A file cannot be added to the corpus as asked.

    `faults` holds what is wrong as (parameter, code, message).
    """

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(message for _, _, message in faults))
        self.faults = faults


class DocumentExists(KBError):
    """There is a file of that name in the corpus already; it is left as it is."""


class CorpusNotWritten(KBError):
    """The disk is full, or the corpus may not be written."""


class ParseError(KBError):
    """One source cannot be read.

    `code` is the stable word for the reason in reports (`damaged`, `encrypted`, …).
    """

    code = "unreadable"


class UnsupportedFormat(ParseError):
    """The file is of a kind that has no reader."""

    code = "unsupported"


class NoTextLayer(ParseError):
    """The file holds no text at all, and its pictures of text were not read."""

    code = "no-text"


class EncryptedFile(ParseError):
    """The file opens with a password only."""

    code = "encrypted"


class DamagedFile(ParseError):
    """The file does not keep to its own format."""

    code = "damaged"


class TooLarge(ParseError):
    """A limit on size, pages, time or memory was reached."""

    code = "too-large"


class FileChanged(ParseError):
    """The file was changed or removed while it was read."""

    code = "changed"


class ReadersUnavailable(KBError):
    """The processes that read files cannot be started, or end for a reason that is not a file's."""


class BuildRefused(KBError):
    """A build is not published for what it would do. `report` is its report as JSON."""

    def __init__(self, message: str, *, report: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.report = report


class TooManyRemovals(BuildRefused):
    """A build would take away a large part of the documents: a folder that is not there, or a typo."""


class QualityLost(BuildRefused):
    """A build answers fewer of the golden questions than the live generation does."""


class BuildInProgress(KBError):
    """Another process is building this index. `build_id` names its record, where it is known."""

    def __init__(self, message: str, *, build_id: str | None = None) -> None:
        super().__init__(message)
        self.build_id = build_id


class IndexNotWritten(KBError):
    """The disk is full, or the index's folder may not be written."""


class UnknownGeneration(KBError):
    """There is no generation of that name, or none to go back to."""


class ArchiveError(KBError):
    """A backup cannot be made or used."""


class CorruptArchive(ArchiveError):
    """A backup was cut short or damaged, or it is not one."""


class IncompatibleArchive(ArchiveError):
    """A backup was made by a newer version of this program."""


class ArchiveNotWritten(ArchiveError):
    """The file of a backup exists, its disk is full, or it may not be written there."""


class GapsUnavailable(KBError):
    """The file of what was asked and not answered cannot be read."""


class KeysUnavailable(KBError):
    """The file of API keys cannot be read or written."""


class ClusterUnavailable(KBError):
    """The cluster that reads and encodes for a build cannot be joined, or did not finish."""


class EncoderUnavailable(KBError):
    """The model cannot be found or loaded."""


class IndexUnavailable(KBError):
    """No index can be asked."""


class NoIndex(IndexUnavailable):
    """Nothing has been published yet."""


class IncompatibleIndex(IndexUnavailable):
    """The index was made by another model or another format version."""


class CorruptIndex(IndexUnavailable):
    """A file of the index is missing or does not have its checksum."""


class EngineUnavailable(IndexUnavailable):
    """The engine that KB_INDEX names cannot be reached, does not answer in time, or has no client here."""


class InvalidQuery(KBError):
    """A search cannot be carried out as asked.

    `faults` holds every fault of the request as (parameter, code, message).
    """

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(message for _, _, message in faults))
        self.faults = faults


class InvalidQuestions(KBError):
    """A file of questions or a benchmark breaks its format."""


class EvaluationUnavailable(KBError):
    """A library that only measuring needs is not installed."""


class AssistantsUnavailable(KBError):
    """The library that assistants are answered with is not installed."""


class EndpointFailed(KBError):
    """The endpoint of the language model cannot be reached, refuses, or gives what is no answer."""


class NoView(KBError):
    """No picture can be made of a page or slide; its text is there all the same.

    `code` is a stable word for the reason: `changed`, `damaged`, `no-page`, `no-process`, `no-program`,
    `out-of-time`, `slides-differ`, `stopping`, `too-large`, `unreadable`, `withheld`.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ViewsBusy(KBError):
    """Too many pictures are being made or waited for. Some seconds later there is room again."""


class FileWithheld(KBError):
    """The file of a document is not given: a name that must not be read stands in it."""


class NotFound(KBError):
    """No such document or passage in the live generation."""

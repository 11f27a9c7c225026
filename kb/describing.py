"""Completes the metadata of a document. What is not clearly stated stays empty.

The sources of metadata, in order of trust: the sidecars; what the file says of itself (front matter,
properties); the names of the file and its folders; the text's first lines. Three things go another way:

- Below sidecar and front matter a date has three witnesses: the text (a labelled date, "Datum: …", or
  else that of its title or opening line), the file's name and its folder's. One alone is believed, the
  text before the folder and the name before the folder. Where text and name contradict each other,
  because last month's minutes were copied, the folder decides, and without it the date stays empty. No
  year is ever added to a date without one.
- A title in properties that neither the name nor the first lines know is that of an older document.
- The language is found in the text. What a file declares is mostly its author's software.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from kb.dates import FoundDate, find_date_in_name, find_dates, labelled_dates, only
from kb.documents import Block, Document, Kind, Metadata, Part, Role
from kb.parsing.cleaning import clean

_FIRST_BLOCKS = 15
_FIRST_CHARACTERS = 2_500
_OPENING_BLOCKS = 5
_MAX_LINE = 200

# A row of a table of versions or actions has dates of its own.
_LOG = re.compile(
    r"\b(?:versie|version|auteurs?|author|wijziging\w*|change|actie\w*|eigenaar|status)\b", re.I
)
_MEETING = re.compile(
    r"\W*(?:agenda|verslag|notulen|aantekeningen|minutes|report|vergadering|bijeenkomst|overleg|"
    r"werkgroep\w*|stuurgroep\w*|programma|d\.?d\.?|datum|(?:concept)?versie|version)\b",
    re.IGNORECASE,
)
_PREVIOUS = re.compile(r"\b(?:vorige?|volgende?|previous|next|laatste?|vastgesteld|update|gewijzigd)\b", re.I)
_ABOUT_ALL = 0.6
_PLACE_AND_DATE = re.compile(r"[A-ZÀ-Þ][\w' -]{2,30},?\s*")

_LABELS = {
    "place": re.compile(r"(?:locatie|plaats|place|location|venue)\s*:\s*(\S.{1,100})", re.I),
    "host": re.compile(r"(?:gastheer|gastvrouw|host|organisator)\s*:\s*(\S.{1,100})", re.I),
    "speakers": re.compile(r"(?:sprekers?|speakers?)\s*:\s*(\S.{1,300})", re.I),
}
_OPEN_QUESTION = re.compile(r"n\.?\s?t\.?\s?b\.?|n\.?v\.?t\.?|tbd|onbekend|volgt|[-?.…]+", re.I)

_MINUTES_NAME = re.compile(r"verslag(?!legging)|notule|minutes\b|aantekening|gespreksnotitie", re.I)
_MINUTES_LINE = re.compile(
    r"\W*(?:(?:agenda (?:en|\+|&) )?(?:concept\W?)?(?:verslag|notulen|minutes)\b|"
    r"(?:aanwezig|aanwezigen|afwezig|afgemeld|attendees|apologies)(?: zijn| met kennisgeving)?\W*(?::|$))",
    re.IGNORECASE,
)
_SLIDES_NAME = re.compile(r"\bpresentati|\bslides?\b|\bdeck\b|\bsheets?\b", re.I)
_PAPER_NAME = re.compile(
    r"\b(?:position |white)?paper\b|notitie\b|\bonderzoek\b|rapport\b|rapportage|\bstudie\b|"
    r"(?<![^\W\d_])verkenning|handreiking|\bessay\b|\bscriptie\b|\bthesis\b|\breport\b|discussie ?document",
    re.IGNORECASE,
)
_GENERIC_WORDS = """
    abstract agenda aanwezig aanwezigen content contents deelnemers doel index inhoud inhoudsopgave
    inleiding introductie introduction notulen opening preface readme samenvatting summary toelichting
    verslag voorwoord welkom
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_DECK_PAGES = 5
_DECK_WORDS_PER_PAGE = 75

# What is written in and around Dutch government. Fewer languages, fewer mistakes.
_LANGUAGES = ("nl", "en", "de", "fr", "es", "it", "pt", "da", "sv", "no", "pl", "tr")
_LANGUAGE_CHARACTERS = 5_000
_MIN_LETTERS = 60
_MIN_PROBABILITY = 0.9


def describe(document: Document) -> Document:
    """The document with its metadata completed."""
    told = document.source.sidecar
    first = _first(document.blocks)
    day, wording = _date(document, first)
    found = Metadata(
        title=_title(document),
        kind=_kind(document, first),
        date=day,
        date_text=wording,
        place=_labelled("place", first),
        host=_labelled("host", first),
        speakers=_speakers(first),
    )
    own = replace(
        document.metadata,
        title=_believed_title(document),
        language=_language(document.text) or document.metadata.language,
    )
    return replace(document, metadata=told.or_else(own).or_else(found))


def _first(blocks: Sequence[Block]) -> list[Block]:
    """The blocks at the start of a document, without speaker notes."""
    kept, characters = [], 0
    for block in blocks:
        if block.locator.part is Part.NOTES:
            continue
        kept.append(block)
        characters += len(block.text)
        if len(kept) == _FIRST_BLOCKS or characters > _FIRST_CHARACTERS:
            break
    return kept


def _date(document: Document, first: Sequence[Block]) -> tuple[dt.date | None, str | None]:
    """The date, or else the wording of the first one that is not certain."""
    *folders, name = document.source.path.split("/")
    labelled = _labelled_dates(first)
    opening = [date for block in first[:_OPENING_BLOCKS] for date in _opening_dates(block)]
    in_name = [found] if (found := find_date_in_name(name)) else []
    in_folders = [found for folder in reversed(folders) if (found := find_date_in_name(folder))]
    text, own = only(labelled) or only(opening), only(in_name)
    near = next((found.date for found in in_folders if found.date), None)
    day = text or own or near
    if text and own and text != own:
        day = near if near in (text, own) else None
    wordings = [
        found.text for found in (*labelled, *in_name, *opening, *in_folders) if not found.date or text
    ]
    return day, None if day or not wordings else wordings[0]


def _labelled_dates(first: Sequence[Block]) -> list[FoundDate]:
    """Rows of a table of versions or actions do not count: their dates are not the document's."""
    found = [(block, labelled_dates(block.text[:_FIRST_CHARACTERS])) for block in first]
    rows = sum(block.role is Role.TABLE_ROW for block, dates in found if dates)
    return [
        date
        for block, dates in found
        for date in dates
        if block.role is not Role.TABLE_ROW or (rows == 1 and not _LOG.search(block.text))
    ]


def _opening_dates(block: Block) -> Iterator[FoundDate]:
    """The dates of a title, of a line that is a date, or of a line that opens a report of a meeting."""
    text = block.text[:_FIRST_CHARACTERS]
    dates = find_dates(text)
    if not dates or _PREVIOUS.search(text):
        return
    is_line = len(text) <= _MAX_LINE and block.role in (Role.HEADING, Role.PARAGRAPH)
    is_lower_heading = block.level is not None and block.level > 1
    first = dates[0]
    is_date = first.end - first.start >= len(text) * _ABOUT_ALL or (
        first.end == len(text) and _PLACE_AND_DATE.fullmatch(text[: first.start])
    )
    if is_line and not is_lower_heading and (block.level == 1 or is_date or _MEETING.match(text)):
        yield from dates
    elif first.start == 0 and first.date is None and not re.search(r"\d{4}", first.text):
        # A story that opens with "Donderdag 7 november".
        yield first


def _labelled(name: str, first: Sequence[Block]) -> str | None:
    for block in first:
        for cell in block.text.split(" | "):
            match = _LABELS[name].fullmatch(cell.strip())
            if match and not _OPEN_QUESTION.fullmatch(match[1].strip()):
                return match[1].strip(" .;,")
    return None


def _speakers(first: Sequence[Block]) -> tuple[str, ...]:
    value = re.sub(r"\s*\([^)]*\)", "", _labelled("speakers", first) or "")
    names = [name.strip() for name in re.split(r"[;,&]| en | and ", value) if name.strip()]
    # A role or a sentence among them: then it is no list of names.
    is_names = all(len(name) <= 50 and name[0].isupper() and " " in name for name in names)
    return tuple(names) if is_names else ()


def _title(document: Document) -> str:
    stem = _humanised(document.source.path.rsplit("/", 1)[-1])
    opening = [block.text for block in document.blocks[:3] if block.role is Role.HEADING]
    if opening and _names_document(opening[0]):
        return opening[0]
    folder = document.source.path.split("/")[-2:-1]
    return _humanised(folder[0]) if stem.lower() in _GENERIC and folder else stem


def _names_document(heading: str) -> bool:
    """Whether a first heading is a title and not that of a first chapter: "1. Opening", "Inhoud:"."""
    if heading.endswith(":") or re.match(r"\d+(\.[1-9]\d*)*\.?\s", heading):
        return False
    return len(heading) > 2 and heading.strip(" .").lower() not in _GENERIC


def _believed_title(document: Document) -> str | None:
    """The title that a file gives itself. A reader of lines took it from the very text."""
    title, blocks = document.metadata.title, document.blocks
    if title is None or (blocks and blocks[0].locator.line is not None):
        return title
    known = _long_words(
        f"{document.source.path} {' '.join(block.text for block in blocks[:_OPENING_BLOCKS])}"
    )
    words = _long_words(title)
    return title if not words or len(words & known) * 2 >= len(words) else None


def _long_words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{4,}", text.lower()))


def _humanised(name: str) -> str:
    stem = re.sub(r"\.[A-Za-z]{2,8}$", "", name)
    stem = re.sub(r"(?<!\d)(\d{4})_(\d\d?)_(\d\d?)(?!\d)_?", r"\1-\2-\3 ", stem).replace("_", " ")
    if " " not in stem.strip():
        stem = re.sub(r"(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])", " ", stem)
    stem = clean(stem)
    return stem[:1].upper() + stem[1:] or name


def _kind(document: Document, first: Sequence[Block]) -> Kind:
    if any(block.locator.slide is not None for block in document.blocks):
        return Kind.PRESENTATIE
    signs = (
        (Kind.VERSLAG, _is_named_minutes(document)),
        (Kind.PRESENTATIE, _is_named(_SLIDES_NAME, document) or _is_deck(document.blocks)),
        (Kind.PAPER, _is_named(_PAPER_NAME, document)),
        (Kind.VERSLAG, any(_opens_minutes(block) for block in first[:_OPENING_BLOCKS])),
        (Kind.PAPER, bool(first) and _PAPER_NAME.search(first[0].text[:_MAX_LINE]) is not None),
    )
    return next((kind for kind, is_sign in signs if is_sign), Kind.OVERIG)


def _is_named(words: re.Pattern[str], document: Document) -> bool:
    name = _humanised(document.source.path.rsplit("/", 1)[-1])
    return words.search(f"{name}\n{document.metadata.title or ''}") is not None


def _is_named_minutes(document: Document) -> bool:
    """By its own name, or by its folder's where its name is no more than a date."""
    *folders, name = document.source.path.split("/")
    is_only_date = re.fullmatch(r"[\d\W_]+", re.sub(r"\.\w+$", "", name)) is not None
    in_folder = is_only_date and bool(folders) and _MINUTES_NAME.search(folders[-1]) is not None
    return in_folder or _is_named(_MINUTES_NAME, document)


def _opens_minutes(block: Block) -> bool:
    return block.role is not Role.LIST_ITEM and _MINUTES_LINE.match(block.text) is not None


def _is_deck(blocks: Sequence[Block]) -> bool:
    """Pages with no more words than a slide has."""
    pages: dict[int, int] = {}
    for block in blocks:
        if block.locator.page is not None:
            pages[block.locator.page] = pages.get(block.locator.page, 0) + len(block.text.split())
    counts = sorted(pages.values())
    return len(counts) >= _DECK_PAGES and counts[len(counts) // 2] <= _DECK_WORDS_PER_PAGE


def get_ready() -> None:
    """Load what tells languages: it takes longer than to describe a document."""
    _identifier()


def _language(text: str) -> str | None:
    """The ISO 639 code of the language of a text; None when it is too short or too mixed to tell."""
    sample = text[:_LANGUAGE_CHARACTERS]
    if sum(character.isalpha() for character in sample) < _MIN_LETTERS:
        return None
    language, probability = _identifier().classify(sample)
    return str(language) if probability >= _MIN_PROBABILITY else None


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_LANGUAGES))
    return identifier

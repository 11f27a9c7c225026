"""The verbs by which Dutch and English say that somebody says something, and who can be their subject."""

from __future__ import annotations

import re

from kb.minutes.names import NAME

# Each in present and past, and with the word that is split off: "geeft … aan". What follows must be a
# clause ("dat", "of", "om", a colon, a quotation), for "Jan geeft een presentatie" says nothing.
_WITH_PARTICLE = {
    "aan": "geeft geven gaf gaven",
    "op": "merkt merken merkte merkten",
    "toe": "licht lichten lichtte lichtten ligt voegt voegde",
    "uit": "legt legde leggen",
    "voor": "stelt stellen stelde stelden",
}
_PLAIN = """
    zegt zeggen zei zeiden stelt stellen stelde stelden vindt vinden vond vonden meldt melden meldde meldden
    benadrukt benadrukten benadrukte observeert observeerde signaleert signaleerde signaleren constateert
    constateerde concludeert concludeerde beaamt beaamde beamen bevestigt bevestigde antwoordt antwoordde
    reageert reageerde suggereert suggereren suggereerde suggereerden oppert opperde vertelt vertelde
    verwacht verwachtte denkt dacht
    meent meende hoopt hoopte waarschuwt waarschuwde adviseert adviseerde bevestigen benadrukken verduidelijkt
    verduidelijkte herhaalt herhaalde onderstreept onderstreepte verklaart verklaarde schetst betoogt betoogde
    says said states stated adds added notes noted argues argued explains explained thinks warns warned
    tells told asks asked wonders concludes concluded suggests suggested
"""
_ASKING = "vraagt vragen vroeg vroegen"
PLAIN = rf"(?:{'|'.join(_PLAIN.split())})"
ASKING = rf"(?:{'|'.join(_ASKING.split())})"
_FIRST_OF_PAIR = rf"(?:{'|'.join(word for words in _WITH_PARTICLE.values() for word in words.split())})"
VERB = rf"(?:{_FIRST_OF_PAIR}|{PLAIN}|{ASKING})"

_CLAUSE = (
    r"(?:(?:op|in|van|voor|naar|bij|met)\s(?=wel|wie|wat))?"
    r"(?:dat|of|om|hoe|wat|wie|waarom|wanneer|welke|waar|hoeveel|that|if|whether|how|why|what)\b"
)
_SOON = r"(?:[^.:;?!\n]{0,60}?\s)??"
_ADVERB = (
    r"(?:ook|hierbij|daarbij|nog|wel|al|tevens|verder|hiermee|nogmaals|overigens|zelf|daarop|hierop|eerst|"
    r"vervolgens|later|onder\sandere|namens\s\w+|er|terecht|voorts|daarnaast)\s"
)
_FEW = rf"(?:{_ADVERB}){{0,4}}"


def _pair(particle: str) -> str:
    return rf"(?:{'|'.join(_WITH_PARTICLE[particle].split())})"


_SAID = "|".join(
    (
        # "geeft aan dat", "geeft hierbij aan ook …"; not "geeft het stuk aan Jan"
        rf"{_pair('aan')}\s{_FEW}aan\b(?!\s(?-i:[A-Z]))",
        rf"{_pair('op')}\s{_FEW}op\b(?=[,:]|\s)",
        # "licht toe hoe …", "licht de aanpassing toe: …", "legt uit dat …"
        *(rf"{_pair(word)}\s{_SOON}{word}(?::|,?\s+{_FEW}{_CLAUSE})" for word in ("toe", "uit")),
        rf"{_pair('voor')}\s{_FEW}voor(?::|\s)",
        # "stelt dat", "vindt het lastig": whoever finds, finds something
        rf"{PLAIN}\s{_SOON}(?:dat|that)\b",
        rf"(?:{PLAIN}|{ASKING})\s*:",
        r"(?:vindt|vond|vinden)\s(?!plaats)",
        # "vraagt zich af of", "vraagt de aanwezigen om"
        rf"{ASKING}\s{_SOON}{_CLAUSE}",
        rf"(?:asks|asked|wonders)\s{_SOON}{_CLAUSE}",
        r"(?:pleit|pleitte|pleiten)\s(?:er)?voor\b",
        r"(?:wijst|wees|wijzen)\s(?:erop|op)\b",
        r"(?:is|was|zijn)\svan\s(?:mening|oordeel)\b",
        r"(?:is|was)\shet\s(?:er(?:mee)?\s)?(?:niet\s)?(?:mee\s)?eens\b",
        r"(?:biedt|bood)\saan\b",
    )
)
SAID = re.compile(rf"(?:{_SAID})", re.IGNORECASE)
# What a subject stands before.
SPEAKS = rf"(?={VERB}\b|(?:pleit|pleitte|wijst|wees|is|was|biedt|bood)\b)"

_ADVERBS = (
    r"(?:daarom|verder|ook|tevens|daarnaast|daarbij|vervolgens|tot slot|ten slotte|tenslotte|hierop|daarop|"
    r"bovendien|eerst|later|toen|ten aanzien van[^,.]{1,40}|in reactie hierop|desgevraagd|aanvullend|hierbij)"
)
_NAMES = rf"{NAME}(?:(?:,\s|\s(?:en|and|&)\s){NAME}){{0,3}}"
# "Jan (Waterrijk) zegt": what stands between name and verb in brackets or commas.
_ASIDE = r"(?:\s?\([^()]{1,60}\)|,\s[^,.]{1,80},)?"
SUBJECT_FIRST = re.compile(rf"(?P<who>{_NAMES}){_ASIDE}[,:]?\s(?:also\s|ook\s)?{SPEAKS}")
VERB_FIRST = re.compile(rf"(?i:{_ADVERBS})\s(?P<verb>{VERB})\s(?P<who>{_NAMES})(?=\s)")
# Further on in a sentence: "…, maar Jan geeft aan dat".
FURTHER = re.compile(rf"(?:[,;)]|\s(?:maar|en|waarop|waarbij|but|and))\s(?P<who>{NAME})\s(?={VERB}\b)")
PRONOUN = re.compile(rf"(?:Hij|Zij|Ze|He|She|They)\s(?={VERB}\b)")

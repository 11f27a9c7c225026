"""Decisions: sentences that record that something was decided, adopted, approved or agreed on."""

from __future__ import annotations

import re

_HEAD = 600
_MARKER = re.compile(
    r"\W*(?:besluit(?:en)?|beslissing|afspraak|afspraken|decision|agreed)(?:\s\d+)?\s*:\s*\S", re.IGNORECASE
)
_BODY = (
    r"(?:raad|college|commissie|stuurgroep|werkgroep|bestuur|vergadering|kring|vereniging|groep|aanwezigen|"
    r"staten|burgemeester en wethouders|leden|iedereen|allen|board|committee|council|we|wij|men)"
)
_THE_BODY = rf"(?:de |het )?{_BODY}"
_FIRM = (
    r"(?:hierbij |hiermee |unaniem |ongewijzigd |gewijzigd |daarmee |dus |dan ook |ook |weer |definitief |"
    r"zonder \w+ |(?:door|met|na) [^.,;]{1,60} )*"
)
_IS = r"\b(?:wordt|worden|is|zijn|werd|werden)\b"
_ADOPTED = r"(?:vastgesteld|goedgekeurd|bekrachtigd)"
# "vastgesteld dat" is what somebody noticed.
_NOT_NOTICED = r"(?!\s+(?:(?:is|wordt|werd)\s)?(?:dat|of|hoe|wat|welk))"
_DECIDED = (
    # "besloten is", "er wordt besloten", "heeft de raad besloten"; not "een besloten vergadering"
    r"\bbesloten\b(?! (?:vergadering|overleg|deel|zitting|karakter|groep|omgeving|netwerk))",
    rf"\b{_BODY}\s(?:besluit|besluiten|besloot)\s(?:om|dat|tot|unaniem|te|het|de|in|met)\b",
    rf"\b(?:besluit|besluiten|besloot)\s{_THE_BODY}\b",
    # "het verslag wordt vastgesteld", "vastgesteld door de raad", "we stellen de extensie vast"
    rf"{_IS}(?:[^.;?]|\.\d){{0,80}}?\b{_ADOPTED}\b{_NOT_NOTICED}",
    (
        r"^(?:[\w\s-]{0,80}?\s)?(?:ongewijzigd\s|niet\s)?vastgesteld"
        r"(?=\s*(?:[.,;]|$)|\s(?:aangezien|omdat|in|op|door|met|voor|als|want)\b)"
    ),
    rf"^\W*(?:vastgesteld|goedgekeurd)\b{_NOT_NOTICED}",
    rf"\b{_ADOPTED}\sdoor\s{_THE_BODY}\b",
    rf"\b(?:heeft|hebben|had|hadden)\s{_THE_BODY}\b[^.;?]{{0,80}}?\b{_ADOPTED}\b{_NOT_NOTICED}",
    rf"\b{_BODY}\s(?:stelt|stellen|stelde|stelden)\s[^.;?]{{1,80}}?\svast\b(?!\s+dat)",
    rf"\b(?:verslag|notulen|agenda|besluitenlijst|jaarverslag|begroting)\s(?:\w+\s){{0,3}}?{_ADOPTED}\b",
    # "dit voorstel wordt door de groep geaccepteerd"
    rf"{_IS}\s(?:\w+\s){{0,3}}?(?:door\s{_THE_BODY}\s)?(?:aangenomen|geaccepteerd|verworpen|afgewezen)\b",
    (
        r"\b(?:voorstel|advies|suggestie|aanbeveling|motie|amendement)(?:len|en|s)?\s"
        rf"{_IS}\s[^.;]{{0,60}}?\bovergenomen\b"
    ),
    # "stemt hiermee in", "verslag akkoord", "is het hiermee eens"
    rf"\b{_BODY}\s(?:stemt|stemmen|stemde|stemden)\s(?:\w+\s){{0,3}}?in\b",
    rf"\b{_BODY}\s(?:is|zijn|gaat|gaan|ging|gingen)\s{_FIRM}akkoord\b",
    r"\b(?:is|zijn|wordt|gaat|gaan|ging|gingen|verslag|notulen)\s(?:\w+\s){0,2}?akkoord\b",
    r"(?:^|[,;:]\s?)akkoord(?:\s?[.!]|$)",
    rf"\b{_BODY}\s(?:is|zijn|was|waren)\shet\s(?:er\s|hier)?(?:mee\s|over\s)?eens\b",
    rf"\bis\s{_THE_BODY}\shet\s(?:mee\s)?eens\b",
    rf"\b{_BODY}\s(?:kunnen|konden|kan|kon)\szich\s(?:\w+\s){{0,2}}?vinden\sin\b",
    r"\ber\sis\s(?:consensus|overeenstemming)\s(?:over|dat|om)\b",
    r"\bmet\salgemene\sstemmen\b",
    # "afgesproken is dat", "we spreken af"
    r"\b(?:is|wordt|werd|zijn|hebben|heeft)\b[^.;?]{0,50}?\bafgesproken\b",
    r"^\W*(?:er is )?afgesproken\b",
    r"\b(?:we|wij)\sspreken\saf\b|\bspreken\s(?:we|wij)\saf\b",
    r"\b(?:er\sis|is\ser|we\shebben|wij\shebben)\s(?:\w+\s){0,2}?gekozen\s(?:voor|om)\b",
    r"\b(?:conclusie|uitkomst)\sis\sdat\b[^.]{0,120}?\b(?:wordt|worden)\b",
    r"\b(?:it\s(?:was|is)|we|have|has)\s(?:decided|agreed|resolved)\b",
    r"\b(?:was|were|is)\s(?:adopted|approved|rejected)\b",
)
# Looked for first: a sentence without any of these records no decision.
_STEM = re.compile(
    r"beslo|beslui|vastgesteld|\bvast\b|goedgekeurd|bekrachtigd|aangenomen|geaccepteerd|overgenomen|verworpen|"
    r"afgewezen|akkoord|\bin\b|\beens\b|consensus|overeenstemming|afgesproken|\baf\b|gekozen|conclusie|"
    r"uitkomst|stemmen|decided|agreed|resolved|adopted|approved|rejected",
    re.IGNORECASE,
)
_IS_DECIDED = re.compile("|".join(f"(?:{form})" for form in _DECIDED), re.IGNORECASE)
_PARTICIPLE = (
    r"(?:besloten|vastgesteld|goedgekeurd|bekrachtigd|aangenomen|geaccepteerd|overgenomen|verworpen|afgewezen|"
    r"afgesproken|akkoord)\b"
)
_MODAL = r"(?:moet|moeten|dient|dienen|kan|kunnen|zou|zouden|mag|mogen|wil|willen|zal|zullen|lijkt|blijkt)"
_ON_CONDITION = (
    r"(?:als|indien|zodra|zolang|wanneer|voordat|totdat|mits|of|hoe|welke|waarin|waarop|if|when|once|whether)"
)
# What is not decided yet, must be or may be, was decided before, or is proposed.
_NOT_DECIDED = (
    rf"\b{_MODAL}\b[^.;]{{0,80}}?\b{_PARTICIPLE}(?!\s+is\b)",
    rf"\b{_ON_CONDITION}\b[^.;]{{0,120}}?\b{_PARTICIPLE}",
    rf"\bnog\s(?:niet|geen)\b[^.;]{{0,60}}?\b{_PARTICIPLE}",
    r"\bniet\s(?:\w+\s){0,2}(?:akkoord|afgesproken)\b",
    rf"\b(?:al|reeds|eerder)\s{_PARTICIPLE}|\b(?:was|waren)\s(?:al|reeds|eerder)\b",
    rf"\b(?:zoals|eerder|reeds|vorige keer)\s(?:\w+\s){{0,3}}?{_PARTICIPLE}",
    # "de voorstellen die zijn aangenomen"
    rf"\b(?:die|welke)\s[^.;,]{{0,80}}?\b{_PARTICIPLE}",
    r"\bter\s(?:akkoord|vaststelling|goedkeuring)\b",
    r"\b(?:ze|zij|hij)\s(?:hebben|heeft|hadden|had)\b[^.;]{0,40}?\bbesloten\b",
    r"^\W*(?:voorstel|suggestie|idee|optie|verzoek|vraag)\b[^:.]{0,40}:",
    # By somebody else: "door de minister goedgekeurd".
    rf"\bdoor\s(?!{_THE_BODY}\b)(?:de |het |onze )?\w+[^.;]{{0,60}}?\b{_PARTICIPLE}",
)
_IS_NOT_DECIDED = re.compile("|".join(f"(?:{form})" for form in _NOT_DECIDED), re.IGNORECASE)


def is_decision(sentence: str) -> bool:
    """Whether a sentence records a decision of those who met. What is asked or still open is none."""
    head = sentence[:_HEAD]
    if sentence.rstrip().endswith("?"):
        return False
    if _MARKER.match(head):
        return True
    if not _STEM.search(head):
        return False
    return _IS_DECIDED.search(head) is not None and _IS_NOT_DECIDED.search(head) is None

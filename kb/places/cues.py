"""What stands around a name and tells whether it is a place: forms that hold for any text.

Those called BEFORE end where the name begins, those called BEHIND begin where it ends. They are asked of
folded text (`kb.places.gazetteer.fold`), but for the forms of people's names, which are told by capitals.
"""

from __future__ import annotations

import re

# -- For a place ----------------------------------------------------------------------------------------

_THE = r"(?:de |het |the )?"
_OFFICES = (
    r"gemeenteraad|gemeenteraden|raad|raden|raadsleden|raadslid|colleges?|"
    r"b(?:urgemeester)? ?(?:&|en) ?w(?:ethouders)?|gemeentebestuur|gemeentebesturen|"
    r"burgemeester|wethouder|gemeentesecretaris|secretaris|griffie|griffier|rekenkamer|ombudsman|stadskantoor|"
    r"gemeentehuis|stadhuis|raadhuis|inwoners|bewoners|ambtenaren|medewerkers"
)
# "de gemeente X", "gemeenten: X", "raad van X", "City of X", "Rekenkamer X".
MUNICIPALITY_BEFORE = re.compile(
    rf"(?:\b(?:deel)?gemeente(?:n|s)?\b[ :]{{1,2}}(?:van |of )?{_THE}|\bgem\. ?|\b(?:stad|steden) |"
    rf"\b(?:municipality|municipalities|city|town|mayor) of |\bmunicipalit(?:y|ies)[ :]{{1,2}}|"
    rf"\b(?:{_OFFICES}) (?:van|of) {_THE}|\brekenkamer )\Z"
)
MUNICIPALITY_BEHIND = re.compile(r" ?\((?:voormalige? )?gemeente\)")
# "provincie X", "Provinciale Staten van X".
PROVINCE_BEFORE = re.compile(
    rf"(?:\bprovincie(?:s|n)?[ :]{{1,2}}(?:van )?{_THE}|\bprovinces? (?:of )?|"
    r"\b(?:(?:provinciale|gedeputeerde) staten|statenleden|provinciehuis|gedeputeerde|"
    r"commissaris van de koning(?:in)?) (?:van|in) (?:de provincie )?)\Z"
)
PROVINCE_BEHIND = re.compile(r" ?\(provincie\)| province\b")
# "in X", "te X": a place, of whatever size.
PREPOSITION_BEFORE = re.compile(r"(?:^|[\s(\"'>])(?:in|te|uit|naar|nabij|vanuit|rondom) \Z")
POSTCODE_BEFORE = re.compile(r"\b[1-9]\d{3} ?[a-z]{2},? {1,2}\Z")
# "(X)": where somebody is from.
BRACKET_BEFORE, BRACKET_BEHIND = re.compile(r"\(\Z"), re.compile(r"\)")
# What stands between two places of a list: "X, Y en Z", "X · Y", "X en de gemeente Y".
LISTED = re.compile(
    r"(?: \([^()\n]{1,20}\))?\s?(?:, (?:en|and|of|or)\b|[,;·•/&]|\b(?:en|and|of|or)\b)\s?"
    r"(?:de )?(?:gemeente |provincie )?"
)

# -- Against it -----------------------------------------------------------------------------------------

# Who has the name of a place, or a place that is not its municipality.
_BODIES = (
    r"universiteit|university|hogeschool|school|academie|sciences|medisch centrum|umc|tu|roc|mbo|fc|"
    r"rechtbank|gerechtshof|hof|veiligheidsregio|metropoolregio|regio|omgevingsdienst|waterschap|"
    r"hoogheemraadschap|ggd|ggz|politie|politie-?eenheid|eenheid|arrondissement|bisdom|aartsbisdom|omroep|rtv|"
    r"kamer van koophandel|station|vliegveld|luchthaven|airport|port|haven|verdrag|akkoord|protocol|rd"
)
BODY_BEFORE = re.compile(rf"\b(?:{_BODIES})(?: (?:van|of|te))?[ /-]\Z")
BODY_BEHIND = re.compile(
    r" (?:university|universiteit|hogeschool|school|college|umc|airport|centraal|marathon|arena)\b| ?/ ?rd\b|"
    r"[- ](?:straat|weg|laan|plein|kade|straatweg)\b"
)
# Part of an address of the web or of mail, of a path or of a name in code.
ADDRESS_BEFORE = re.compile(r"(?:[@._\\#=]|//|/\S+/|\.[a-z]+/)\Z")
ADDRESS_BEHIND = re.compile(
    r"\.(?:nl|com|org|net|eu|be|info|io|html?|pdf|docx?|pptx?|md|json|csv|xml|png|svg)\b|[@_]|/\S+/"
)
# "Belgisch X", "X, Belgie".
ABROAD_BEFORE = re.compile(r"\b(?:belgisch|vlaams|duits|noors|new|nieuw)[ -]\Z")
ABROAD_BEHIND = re.compile(
    r"(?:, | \(|, in | in )(?:belgie|belgium|noorwegen|norway|duitsland|germany|frankrijk|france)\b"
)
# Behind a name that is a word as well, the rest of an ordinary phrase: "Best practices".
PHRASE_BEHIND = re.compile(r"[ -]+(?:practi[cs]es?|current practice|effort|of breed|of both)\b")

# "X-Y", of which X is only a part.
HYPHEN_BEHIND = re.compile(r"-[a-z]")
# "Hoogezand-Sappemeer", "Anna Paulowna"; not "de Wijk".
SEVERAL_WORDS = re.compile(r"^(?!(?:de|den|het|ter|ten|t|s) )[^ -]+[ -]")

# -- Names of people and things, by capitals --------------------------------------------------------------

_PARTICLE = r"(?:[Vv]an(?: de[rn]?| 't| het)?|[Dd]e[rn]?|[Tt]e[rn]|'t)"
# "Jan van der X", "J. de X", and "Van X" within a sentence.
PERSON_BEFORE = re.compile(
    rf"(?:\b[A-Z][\w'’-]+ (?:{_PARTICLE} )+|\b(?:[A-Z]\.)+ ?(?:{_PARTICLE} )*|"
    r"[a-z,;] (?:Van|De|Den|Ter|Ten)(?: de[rn]?)? )\Z"
)
# "mevrouw X", "dhr. J. X".
TITLE_BEFORE = re.compile(
    r"\b(?i:dhr|mevr|mw|mr|mrs|ms|dr|prof|drs|ir|ing|heer|mevrouw)\.? (?:(?:[A-Z]\.)+ ?|[A-Z][a-z]+ )?\Z"
)
# What is of a place rather than called so, at the start of a sentence: "Inwoners van X".
OFFICE_BEFORE = re.compile(
    rf"(?:^|[\n.:;•·(|]\s*)(?i:{_OFFICES}|gemeenten?|provincies?|stad|bestuurders|mensen|leden|collega's|"
    r"[a-z]+(?:ing|heid|huis|kantoor|bestuur|dienst|beleid|visie|nota)) (?:van|de) \Z"
)
# "Ron X": a capitalised word, but no abbreviation.
FIRST_NAME_BEFORE = re.compile(r"\b[A-Z][a-zà-ÿ]+(?:-[A-Z][a-zà-ÿ]+)? \Z")
# Where any word has a capital.
SENTENCE_BEFORE = re.compile(r"(?:^|[.!?:;…\n•·|>]\s*|[\"'“”‘’(\[]|\b\d+[.)] )\Z")
# "X Data Exchange", "X AI": the name of something else that begins with the place.
LONGER_NAME_BEHIND = re.compile(r" (?:[A-Z][a-z]+ [A-Z][a-z]+\b|[A-Z]{2,}\b(?![.\w]))")

# -- Where something takes place ----------------------------------------------------------------------------

_GATHERING = (
    r"bijeenkomst|overleg|vergadering|sessie|congres|conferentie|conference|evenement|event|meet-?up|locatie|"
    r"location|venue|zaal|kick-?off|fieldlab|workshop|plaatsvinden|gepland|organiseert|days|fysieke?|middag|"
    r"ochtend|symposium|themadag|kringdag"
)
GATHERING_BEFORE = re.compile(rf"(?:{_GATHERING})\b[^.\n]{{0,90}}\Z")
VENUE_LABEL_BEFORE = re.compile(
    r"(?:^|\n|\| ?)(?:locatie|plaats|waar|adres|bezoekadres|venue|location) ?[:|] ?[^\n|]{0,40}\Z"
)
DATE = re.compile(r"\b\d{1,2}[- ](?:\d{1,2}|[a-z]{3,9})[- ](?:19|20)\d\d\b")

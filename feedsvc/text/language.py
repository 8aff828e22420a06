"""Languages: what people write for one -> BCP 47, and a careful guess from a text."""

from __future__ import annotations

import re
from collections import Counter

from feedsvc.text.clean import fold

# ISO 639-1, the whole list: a code that is not on it makes a feed invalid.
_CODES = frozenset(
    """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv
dz
ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig
ii
ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh
mi
mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru
rw
sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug
uk
ur uz ve vi vo wa wo xh yi yo za zh zu
ast bar ckb dsb fil frp fur gsw haw hsb kab ksh lld nap nds pap scn vec yue
""".split()
)

# What people write, folded: names in the language itself and in its neighbours', and the codes of
# ISO 639-2, which RFC 5646 §2.2.1 replaces by the shorter ones.
_NAMES = {
    name: code
    for code, names in {
        "de": "deutsch german allemand aleman tedesco duits alemao tyska tysk deu ger",
        "en": "english englisch anglais ingles inglese engels engelska engelsk eng",
        "fr": "francais french franzosisch franzoesisch frances francese frans franska fra fre",
        "es": "espanol spanish spanisch espagnol spagnolo spaans spanska castellano spa",
        "it": "italiano italian italienisch italien italiaans italienska ita",
        "nl": "nederlands dutch niederlandisch niederlaendisch neerlandais holandes olandese nld "
        "dut",
        "pt": "portugues portuguese portugiesisch portugais portoghese por",
        "sv": "svenska swedish schwedisch suedois swe",
        "da": "dansk danish danisch daenisch danois dan",
        "nb": "bokmal nob",
        "no": "norsk norwegian norwegisch norvegien nor",
        "fi": "suomi finnish finnisch finnois fin",
        "pl": "polski polish polnisch polonais pol",
        "cs": "cestina cesky czech tschechisch tcheque ces cze",
        "hu": "magyar hungarian ungarisch hongrois hun",
        "ru": "русский russian russisch russe rus",
        "uk": "украинська українська ukrainian ukrainisch ukr",
        "tr": "turkce turkish turkisch tuerkisch turc tur",
        "el": "ελληνικα greek griechisch grec ell gre",
        "ar": "العربية arabic arabisch arabe ara",
        "he": "עברית hebrew hebraisch hebraeisch heb",
        "ja": "日本語 japanese japanisch japonais jpn",
        "zh": "中文 chinese chinesisch chinois zho chi",
        "ko": "한국어 korean koreanisch coreen kor",
        "ca": "catala catalan katalanisch cat",
    }.items()
    for name in names.split()
}

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<rest>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
)


def normalise_language(value: str) -> str | None:
    """The BCP 47 tag of "Deutsch", "en_US" or "de_AT.UTF-8", in its usual case; None if it is "
    "none."""
    key = fold(value)[:64].strip(".,;()")
    if key in _NAMES:
        return _NAMES[key]
    found = _TAG.fullmatch(re.split("[.@]", key)[0].replace("_", "-"))
    if found is None:
        return None
    code = _NAMES.get(found["language"], found["language"])
    if code not in _CODES:
        return None
    parts = (code, (found["script"] or "").title(), (found["region"] or "").upper())
    return "-".join(filter(None, parts)) + found["rest"]


# Short words that make up about a third of any text. Norwegian and Catalan are here because they
# would pass for Danish and Spanish otherwise.
_STOP_WORDS = {
    "de": "der die das und ist nicht ein eine einen einem einer mit auf für von dem den des sich "
    "auch "
    "wird werden im zu zum zur wie bei nach aus als an in es hat haben war sind oder aber sie ich "
    "wir "
    "vor über durch noch nur kann dass daß diese dieser",
    "en": "the and is not a an with on for of to in that this it as was are by from at have has "
    "had be "
    "been which or but they we he she his her their will would can its were who than there into i "
    "you",
    "fr": "le la les et est pas un une des du de avec sur pour par dans que qui ne se au aux ce "
    "cette "
    "ces il elle ils sont a été être plus ou mais nous vous son sa ses leur leurs à en d l qu "
    "comme où",
    "es": "el la los las y es no un una unos con en por para de del que se al lo su sus como más "
    "pero "
    "este esta estos fue son ha han o entre sobre cuando muy también sin hay desde ser está era",
    "it": "il lo la i gli le e è non un una uno con su per di del della dei delle che si al alla "
    "nel "
    "nella da dal dalla come più ma questo questa sono ha hanno o anche in ed degli agli essere l "
    "era",
    "nl": "de het een en is niet met op voor van dat die in te zijn wordt worden bij naar uit als "
    "aan "
    "er ook maar of om door ze hij zij was heeft hebben werd over dit deze nog wel geen ik wij",
    "pt": "o a os as e é não um uma com em por para de do da dos das que se ao à no na nos nas "
    "como mais "
    "mas este esta foi são ou entre sobre quando muito também sem há pela pelo seu sua ser está",
    "sv": "och att det som en ett är inte med på för av den till de i om har hade var men han hon "
    "vi "
    "från sig eller vid kan ska skulle efter också när mot under",
    "da": "og at det som en et er ikke med på for af den til de i om har havde var men han hun vi "
    "fra "
    "sig eller ved kan skal ville efter også når mod under blev bliver",
    "nb": "og at det som en et er ikke med på for av den til de i om har hadde var men han hun vi "
    "fra "
    "seg eller ved kan skal ville etter også når mot under ble blir hva noen",
    "ca": "el la els les i és no un una uns amb en per de del dels que es al als seu seva com més "
    "però "
    "aquest aquesta va són ha han o entre sobre quan molt també sense hi des ser està era",
    "pl": "i w na z do nie się że to jest o po za od przez dla jak ale oraz są był była było który "
    "która "
    "które tym tego tej jego jej ich co czy już tylko może także przy",
}

_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in _STOP_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)

_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 2000  # characters; more does not change the answer

# Pairs that share most of their short words: only those they do not share tell them apart.
_NEIGHBOURS = frozenset(
    ("da nb", "nb da", "sv da", "da sv", "sv nb", "nb sv", "ca es", "es ca", "pt es", "es pt")
)


def guess_language(text: str) -> str | None:
    """The language most of a text is in, or None unless it leads all others by a clear margin."""
    hits = dict.fromkeys(_STOP_WORDS, 0)
    scores: dict[str, int] = {}
    total = 0
    for token, times in Counter(text[:_LOOKED_AT].split()).items():
        for word in (token,) if token.isalpha() else _WORD.findall(token):
            total += times
            languages = _LANGUAGES_OF.get(word.lower(), ())
            for language in languages:
                hits[language] += times
                # "de" speaks for five languages, "y" for one.
                scores[language] = scores.get(language, 0) + times * 36 // len(languages) ** 2
    if not scores:
        return None
    best = max(sorted(scores), key=scores.__getitem__)
    if hits[best] < 4 or hits[best] * 8 < total:
        return None
    for other, score in scores.items():
        near = f"{best} {other}" in _NEIGHBOURS
        # Quotations in another language are common; a text that is half of it has no language.
        level = scores[best] * 2 < score * 3 or (hits[best] * 4 < hits[other] * 5 and not near)
        if other != best and level:
            return None
    return best

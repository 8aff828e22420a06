"""What the head of a plain text may be labelled with: words per language -> the field they name."""

from __future__ import annotations

from enum import StrEnum

from feedsvc.text.clean import fold


class Field(StrEnum):
    """What a label line can say; one per label family of the newsroom conventions."""

    TITLE = "title"
    SUBTITLE = "subtitle"
    AUTHOR = "author"
    EDITOR = "editor"  # kept apart from the authors
    AUTHOR_EMAIL = "authoremail"
    AUTHOR_LINK = "authoruri"
    DATE = "date"
    UPDATED = "updated"
    EMBARGO = "embargo"
    EXPIRES = "expires"
    SUMMARY = "summary"
    TAGS = "tags"
    SECTION = "section"
    IMAGE = "image"
    CAPTION = "caption"
    CREDIT = "credit"
    LINK = "link"
    ID = "id"
    LANGUAGE = "language"
    LOCATION = "location"
    AGENCY = "agency"
    STATUS = "status"
    RIGHTS = "rights"
    BODY = "body"  # only without a value: "Text:" alone on its line
    # Of a recording; the values are those of `metakeys` and `episodes`.
    MEDIA = "enclosure"
    LENGTH = "length"  # bytes
    DURATION = "duration"
    TYPE = "type"  # of the file
    EPISODE = "episode"
    SEASON = "season"
    EPISODE_TYPE = "episodetype"
    EXPLICIT = "explicit"
    TRANSCRIPT = "transcript"
    CHAPTERS = "chapters"
    HOST = "host"
    GUEST = "guest"
    PERSON = "person"


RECORDING = frozenset(
    {
        Field.MEDIA, Field.LENGTH, Field.DURATION, Field.TYPE, Field.EPISODE, Field.SEASON,
        Field.EPISODE_TYPE, Field.EXPLICIT, Field.TRANSCRIPT, Field.CHAPTERS, Field.HOST,
        Field.GUEST, Field.PERSON,
    }
)  # fmt: skip
"""What says something of a recording, in words that stand for many other things as well."""


# Alternatives are separated by "|". Words with umlauts are also known as ae, oe, ue.
_WORDS: dict[Field, tuple[str, ...]] = {
    Field.TITLE: (
        "titel|überschrift|schlagzeile",
        "title|headline",
        "titre",
        "título|titular",
        "titolo",
        "kop",
        "tytuł|заголовок|タイトル|标题|العنوان|rubriktitel|otsikko|başlık",
    ),
    Field.SUBTITLE: (
        "untertitel|unterzeile|dachzeile|spitzmarke|oberzeile",
        "subtitle|kicker|subheadline",
        "sous-titre|surtitre",
        "subtítulo|antetítulo",
        "sottotitolo|occhiello",
        "ondertitel|bovenkop",
    ),
    Field.AUTHOR: (
        "autor|autorin|autoren|autorinnen|verfasser|verfasserin|von|text|texte"
        "|text und foto|text und fotos|text und bild|text und bilder|text & foto|text & fotos",
        "author|authors|by|byline|writer|written by",
        "auteur|auteure|auteurs|auteures|autrice|autrices|par",
        "autora|autores|autoras|por",
        "autore|autori|autrici|di",
        "auteurs|door",
        "autorka|автор|авторы|yazar|författare|av|af|forfatter|przez|tekijä|著者|作者|الكاتب",
    ),
    Field.EDITOR: ("redaktion|redakteur|redakteurin", "editor|edited by", "rédaction", "redactie"),
    Field.AUTHOR_EMAIL: (  # a mere "E-Mail" may be the desk's, and is not published
        "autor-e-mail|autoren-e-mail|autor-mail|e-mail des autors|e-mail der autorin",
        "author email|author e-mail|author's email",
    ),
    Field.AUTHOR_LINK: (
        "autorenseite|autorenlink|autor-link|seite des autors|seite der autorin",
        "author link|author url|author page|author website|author's website",
    ),
    Field.DATE: (
        "datum|veröffentlicht|veröffentlicht am|erschienen|erschienen am|veröffentlichung"
        "|veröffentlichungsdatum|erscheinungsdatum",
        "date|published|published on|posted|posted on|publication date|pubdate",
        "publié|publié le|publiée le|date de publication",
        "fecha|publicado|publicado el|fecha de publicación",
        "data|pubblicato|pubblicato il|data di pubblicazione",
        "gepubliceerd|gepubliceerd op|geplaatst|publicatiedatum",
        "дата|日付|日期|التاريخ|publicerad|publiceret|päivämäärä|tarih",
    ),
    Field.UPDATED: (
        "stand|aktualisiert|aktualisiert am|zuletzt aktualisiert|zuletzt aktualisiert am|geändert"
        "|geändert am|letzte änderung|letzte aktualisierung",
        "updated|updated on|last updated|modified|last modified",
        "mis à jour|mis à jour le|mise à jour|mise à jour le|modifié|modifié le",
        "actualizado|actualizado el|modificado",
        "aggiornato|aggiornato il|modificato",
        "bijgewerkt|bijgewerkt op|gewijzigd",
    ),
    Field.EMBARGO: (
        "sperrfrist|gesperrt bis",
        "embargo|embargoed until",
        "sous embargo",
        "bloqueo",
    ),
    Field.EXPIRES: (  # when it goes, not until when an offer in it is good
        "online bis|veröffentlicht bis|ablaufdatum|läuft ab|läuft ab am|depublizieren"
        "|depublizieren am",
        "expires|expires on|expiry|expiry date|expiration date|online until|published until"
        "|unpublish|unpublish on",
    ),
    Field.SUMMARY: (
        "teaser|vorspann|anreißer|lead|kurztext|zusammenfassung|anlauf",
        "summary|abstract|dek|standfirst",
        "chapô|chapeau|résumé",
        "resumen|entradilla",
        "sommario|riassunto",
        "samenvatting|inleiding",
    ),
    Field.TAGS: (
        "schlagwörter|schlagworte|schlagwort|stichwörter|stichworte|tags|tag|schlüsselwörter",
        "keywords|keyword",
        "mots-clés|mots clés|étiquettes",
        "etiquetas|palabras clave",
        "parole chiave",
        "trefwoorden",
    ),
    Field.SECTION: (
        "ressort|rubrik|kategorie",
        "section|category",
        "rubrique|catégorie",
        "sección|categoría",
        "sezione|categoria|rubrica",
        "rubriek|categorie",
    ),
    Field.IMAGE: ("bild|foto|fotos|bilder", "image|photo", "imagen", "immagine", "afbeelding"),
    Field.CAPTION: (
        "bildunterschrift|bu|bildtext|bildlegende",
        "caption",
        "légende",
        "pie de foto",
        "didascalia",
        "bijschrift|onderschrift",
    ),
    Field.CREDIT: (
        "fotograf|fotografin|bildquelle|quelle bild|bildnachweis|fotocredit",
        "credit|photo credit|image credit|photographer",
        "crédit|crédit photo|photographe",
        "fotógrafo|crédito",
        "fotografo",
        "fotograaf",
    ),
    Field.LINK: (
        "link|url|web|webseite",
        "canonical|permalink",
        "lien",
        "enlace",
        "collegamento",
    ),
    Field.ID: ("id|artikel-id|artikelid|slug", "article id|article-id|guid"),
    Field.LANGUAGE: (
        "sprache",
        "language|lang",
        "langue",
        "idioma",
        "lingua",
        "taal",
        "język|språk",
    ),
    Field.LOCATION: ("ort", "location|place", "lieu", "lugar", "luogo", "plaats"),
    Field.AGENCY: (
        "agentur|quelle",
        "source|agency",
        "agence",
        "fuente|agencia",
        "fonte|agenzia",
        "bron",
    ),
    Field.STATUS: ("status", "état|statut", "estado", "stato"),
    Field.RIGHTS: (
        "rechte|copyright|urheberrecht|lizenz",
        "rights|license|licence",
        "droits",
        "derechos",
        "diritti",
        "rechten",
    ),
    Field.BODY: (
        "text|artikeltext|inhalt|fließtext",
        "body|content",
        "texte|contenu",
        "texto",
        "testo",
        "tekst",
    ),
    Field.MEDIA: (
        "audio|audiodatei|video|videodatei|tondatei|hördatei|aufnahme|mitschnitt|podcast|mp3"
        "|podcast-datei",
        "audio file|audio url|video file|video url|recording|podcast file|podcast url|mp3 url"
        "|episode url|enclosure|media",
    ),
    Field.LENGTH: ("dateigröße|größe der datei|länge", "file size|length|bytes"),
    Field.DURATION: ("dauer|laufzeit|spieldauer|länge", "duration|running time|runtime|length"),
    Field.TYPE: ("dateityp|medientyp|mime-typ", "file type|media type|mime type"),
    Field.EPISODE: (
        "folge|folgennummer|folgen-nr|episode|episodennummer",
        "episode number|episode no",
    ),
    Field.SEASON: ("staffel|staffelnummer|staffel-nr", "season|season number|season no"),
    Field.EPISODE_TYPE: ("folgentyp|art der folge|episodentyp", "episode type"),
    Field.EXPLICIT: ("explizit", "explicit"),
    Field.TRANSCRIPT: ("transkript|mitschrift|abschrift", "transcript"),
    Field.CHAPTERS: ("kapitel|kapitelmarken|kapiteldatei", "chapters"),
    Field.HOST: (
        "moderation|moderator|moderatorin|gastgeber|gastgeberin",
        "host|hosts|hosted by|presenter|presented by",
    ),
    Field.GUEST: ("gast|gäste|zu gast|im gespräch mit", "guest|guests"),
    Field.PERSON: ("mitwirkende", "person|persons|cast"),
}

_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def _table() -> dict[str, tuple[Field, ...]]:
    table: dict[str, tuple[Field, ...]] = {}
    for name, groups in _WORDS.items():
        for word in "|".join(groups).split("|"):
            for key in {fold(word), fold(word.translate(_TRANSLITERATED))}:
                if name not in table.get(key, ()):
                    table[key] = (*table.get(key, ()), name)
    return table


_FIELDS = _table()


def fields_of(label: str) -> tuple[Field, ...]:
    """The fields a label can name, likeliest first; empty for a label nobody knows."""
    return _FIELDS.get(fold(label).removesuffix("(s)").rstrip("."), ())


# Whose texts newsrooms run; the marks they stand for in "BERLIN (dpa) - " and after names.
AGENCIES = frozenset(
    """
aa adnkronos afp agi anp ansa ap apa ats belga bloomberg ctk dapd ddp dpa dpa-afx dpa-infocom efe
ep epd interfax kna kyodo lusa mti ntb ots pa pap reuters ritzau rtr sda sid stt tass tt ukrinform
upi xinhua yonhap
""".split()
)

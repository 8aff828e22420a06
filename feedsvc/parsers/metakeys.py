"""What a key of front matter means: the words of site generators and note programs -> a field.

`metadata` collects the values of each field; where several keys name one, the higher rank wins.
"""

from __future__ import annotations

from functools import lru_cache

from feedsvc.parsers.labels import RECORDING, Field, fields_of
from feedsvc.parsers.metavalues import normal_key

# Per field the keys in order of rank, without case, `_`, `-`, `.` and spaces.
_KEYS = {
    "title": "title headline ogtitle",
    "subtitle": "subtitle subheadline alternativeheadline tagline kicker dek itunessubtitle",
    "summary": "summary description excerpt abstract teasertext lead standfirst ogdescription"
    " metadescription seodescription itunessummary",
    "id": "id guid uuid uid articleid",
    "link": "canonical canonicalurl canonicallink canonicaluri permalink url link slug",
    "published": "date published datepublished publishedat publisheddate publicationdate pubdate"
    " pubdatetime publishdate posted postedat created createdat datecreated creationdate",
    "updated": "updated lastmod lastmodified lastmodifiedat modified modifiedat modifieddate"
    " datemodified dateupdated updatedat updateddate lastupdated lastupdatedat moddatetime",
    "embargo": "embargo embargoeduntil embargodate embargountil notbefore",
    "expires": "expirydate expires expiry expiresat expirationdate expiredate unpublish"
    " unpublishdate unpublishat validuntil",
    "status": "draft unreleased status state publish unpublished private",
    "authors": "author authors byline writer writers creator creators writtenby itunesauthor",
    "authoremail": "authoremail email",
    "authoruri": "authoruri authorurl authorlink authorwebsite",
    "tags": "tags tag keywords keyword categories topics taxonomiestags taxonomiescategories"
    " ituneskeywords",
    "section": "section category articlesection",
    "language": "language lang locale langcode languagecode inlanguage oglocale",
    "image": "image images cover coverimage featuredimage featureimage featured heroimage hero"
    " banner bannerimage headerimage header ogimage socialimage shareimage previewimage"
    " thumbnail thumb teaserimage photo feature resources episodeimage itunesimage podcastimage",
    "caption": "imagecaption covercaption coveralt imagealt caption thumbnailcaption heroalt"
    " herocaption imagedescription bannercaption featuredimagecaption featuredimagealt",
    "credit": "imagecredit imagecredits covercredit photocredit imagesource photographer credit",
    "enclosure": "enclosure enclosures audio audiourl audiofile podcast podcasturl podcastfile"
    " podcastaudio episodeurl mp3 mp3url video videourl videofile media mediaurl attachments",
    "duration": "duration audioduration podcastduration audiolength itunesduration",
    "length": "audiosize podcastlength podcastsize podcastbytes enclosurelength filesize"
    " audiobytes length bytes audiofilesize podcastfilesize",
    "type": "audiotype podcasttype podcastmimetype enclosuretype audiomimetype",
    "rights": "rights copyright license licence",
    "location": "location place dateline",
    "agency": "agency source",
    # about the rendering of a site, not about the article
    "ignored": "layout weight aliases alias translationkey cssclass cssclasses",
}
_FIELD_OF = {key: name for name, keys in _KEYS.items() for key in keys.split()}
RANK = {key: rank for keys in _KEYS.values() for rank, key in enumerate(keys.split())}


@lru_cache(maxsize=512)
def field_of(key: str) -> str | None:
    """The field a key names, in whatever spelling or language; None for a key nobody knows."""
    normal = normal_key(key)
    if normal in _FIELD_OF:
        return _FIELD_OF[normal]
    label = _label_of(key)
    return _LABELS.get(label) if label else None


def _label_of(key: str) -> Field | None:
    """Words of other languages are those of plain texts: `titel:`, `schlagwörter:`."""
    return next(iter(fields_of(key.replace("_", " "))), None)


_LABELS = {
    Field.TITLE: "title",
    Field.SUBTITLE: "subtitle",
    Field.AUTHOR: "authors",
    Field.AUTHOR_EMAIL: "authoremail",
    Field.AUTHOR_LINK: "authoruri",
    Field.DATE: "published",
    Field.UPDATED: "updated",
    Field.EMBARGO: "embargo",
    Field.EXPIRES: "expires",
    Field.SUMMARY: "summary",
    Field.TAGS: "tags",
    Field.SECTION: "section",
    Field.IMAGE: "image",
    Field.CAPTION: "caption",
    Field.CREDIT: "credit",
    Field.LINK: "link",
    Field.ID: "id",
    Field.LANGUAGE: "language",
    Field.LOCATION: "location",
    Field.AGENCY: "agency",
    Field.STATUS: "status",
    Field.RIGHTS: "rights",
    Field.MEDIA: "enclosure",
    Field.LENGTH: "length",
    Field.DURATION: "duration",
    Field.TYPE: "type",
}


def is_known(key: str) -> bool:
    """Whether a key has a meaning, for heads that nothing else marks as such.

    Words such as `dauer` stand above prose, too.
    """
    if normal_key(key) in _FIELD_OF:
        return True
    label = _label_of(key)
    return label in _LABELS and label not in RECORDING

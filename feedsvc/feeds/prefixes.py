"""The namespaces of what stands beside a format's own elements, each by its usual prefix.

Those that every validator knows are declared in every document, used or not, so that a fragment
means the same wherever it stands. The W3C validator warns of a namespace it does not know wherever
that is *declared*: such a prefix is declared only by documents that say something in it.
"""

from __future__ import annotations

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
HISTORY = "http://purl.org/syndication/history/1.0"  # RFC 5005
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
MEDIA = "http://search.yahoo.com/mrss/"
PODCAST = "https://podcastindex.org/namespace/1.0"
SMARTNEWS = "http://www.smartnews.be/snf"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
XHTML = "http://www.w3.org/1999/xhtml"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

IN_ATOM = {"media": MEDIA, "fh": HISTORY}
IN_RSS = {"media": MEDIA, "fh": HISTORY, "itunes": ITUNES, "dc": DC, "dcterms": DCTERMS}

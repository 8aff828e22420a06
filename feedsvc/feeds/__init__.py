"""Articles -> documents: one file per format, plus the pages and lists beside them.

A format renders each article once, into the *fragment* that stands inside every document that holds
it; a document is stitched from a head, fragments and a tail, byte for byte as feedgen writes it.
"""

RENDERING = "9"
"""The version of all that is rendered here: a new one renders every entry and page anew.

It stands in this file so that a run that finds nothing to do need not import feedgen to know it.
"""

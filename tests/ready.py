"""What a server of forks imports once, so that its children are ready at once."""

import feedsvc.app
import feedsvc.app.press
import feedsvc.feeds.atom
import feedsvc.feeds.jsonfeed
import feedsvc.feeds.rss
import feedsvc.filters.clean
import feedsvc.gate
import feedsvc.store
import tests.support  # noqa: F401 - to have them all

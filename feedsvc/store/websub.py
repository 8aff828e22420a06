"""WebSub in the store: the outbox, the subscribers of our hub, our subscriptions at others'."""

from __future__ import annotations

from feedsvc.store.outbox import Outbox
from feedsvc.store.subscribers import Subscribers
from feedsvc.store.subscriptions import Subscriptions


class Websub(Outbox, Subscribers, Subscriptions):
    """What `app/push*.py` read and write."""

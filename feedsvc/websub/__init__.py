"""WebSub (W3C Recommendation, 23 January 2018): news at once instead of at the next poll.

    publisher   ledger --Word--> outbox --telling.py--> hubs of others, subscribers of ours
    hub         hub.py: a request --pending--> intents.py: does it mean it? --> subscriber
    subscriber  leases.py: a source announces a hub --asks--> hub --callback.py--> active, news

All of it is rules and requests; what is remembered lies in the store (`store/websub.py`), what is
published in the output directory, and `app/push*.py` join them. A topic is the address of a
document, as the document itself calls it (`rel="self"`).
"""

"""The seams: what each stage asks of its neighbours. Adapters do not inherit, they fit.

Clock       the time of day, so that tests can hold it
Source      known files -> Harvest
Parser      Document -> Draft
Store       articles, feeds, fragments and the ledger
RemoteStore what the visits of remote feeds ask of the store beside that
Renderer    entries -> fragments -> document
Publisher   puts finished files in their place

One file for each subject; everybody imports from here.
"""

from __future__ import annotations

from feedsvc.ports.beside import (
    ArchivePage,
    Audience,
    Edition,
    Facet,
    Listed,
    Media,
    PagePlan,
    Released,
    Shelf,
    Token,
)
from feedsvc.ports.figures import Batch, BuiltFeed, Figures
from feedsvc.ports.intake import (
    BELIEVED,
    Asked,
    Change,
    Clock,
    EntryChange,
    Event,
    KnownEntry,
    KnownFile,
    Memory,
    OutlineRow,
    Parser,
    Progress,
    RemoteStore,
    Setting,
    Source,
    SourceRow,
    Stored,
    Visit,
)
from feedsvc.ports.output import (
    FeedRow,
    Fragment,
    LedgerLine,
    Member,
    PageFile,
    Placed,
    Publisher,
    Renderer,
    Selection,
)
from feedsvc.ports.push import Announced, Call, Crowd, Desk, Notice, Reply, Subscriber, Subscription
from feedsvc.ports.records import DAEMON, AudienceDay, Chore, RecordStore
from feedsvc.ports.store import Store
from feedsvc.ports.upkeep import KEPT, Holder, Limit, Pruned, Shown, Space
from feedsvc.ports.verdicts import Corrected, Standing, TakenDown, Version

__all__ = [
    "BELIEVED",
    "DAEMON",
    "KEPT",
    "Announced",
    "ArchivePage",
    "Asked",
    "Audience",
    "AudienceDay",
    "Batch",
    "BuiltFeed",
    "Call",
    "Change",
    "Chore",
    "Clock",
    "Corrected",
    "Crowd",
    "Desk",
    "Edition",
    "EntryChange",
    "Event",
    "Facet",
    "FeedRow",
    "Figures",
    "Fragment",
    "Holder",
    "KnownEntry",
    "KnownFile",
    "LedgerLine",
    "Limit",
    "Listed",
    "Media",
    "Member",
    "Memory",
    "Notice",
    "OutlineRow",
    "PageFile",
    "PagePlan",
    "Parser",
    "Placed",
    "Progress",
    "Pruned",
    "Publisher",
    "RecordStore",
    "Released",
    "RemoteStore",
    "Renderer",
    "Reply",
    "Selection",
    "Setting",
    "Shelf",
    "Shown",
    "Source",
    "SourceRow",
    "Space",
    "Standing",
    "Store",
    "Stored",
    "Subscriber",
    "Subscription",
    "TakenDown",
    "Token",
    "Version",
    "Visit",
]

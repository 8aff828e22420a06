"""A backup becomes the service again: wholly, or nothing is touched.

    seal -> manifest -> unpacked -> every digest, every page -> schema of today -> the store's place
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Literal

from feedsvc.app.keeping.archive import manifest_of, unpack, verify
from feedsvc.app.keeping.manifest import CONFIGURATION, DATABASE, Manifest
from feedsvc.app.keeping.places import database_of
from feedsvc.app.keeping.workroom import workroom
from feedsvc.app.keeping.writing import step_of
from feedsvc.errors import PublishError, StoreError, UsageError
from feedsvc.model import utc
from feedsvc.ports import Progress
from feedsvc.settings import Settings
from feedsvc.store.copy import faults
from feedsvc.store.engine import connect
from feedsvc.store.locks import hold, hold_all
from feedsvc.store.migrate import bring_up_to_date, check_known
from feedsvc.store.replace import put_in_place
from feedsvc.store.whole import facts, foreign, lies_at

Configuration = Literal["same", "differs", "absent", "restored"]

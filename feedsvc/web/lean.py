"""httpx without its command line, which it imports whenever rich, click and pygments are there.

They are, since rich draws our progress bars; and to import them takes as long as all the rest of
httpx, in every sync. Importing this module first leaves them out: httpx is made to run without
them, and nothing else of it changes.
"""

from __future__ import annotations

import sys
from typing import Any, cast

_COMMAND_LINE = "httpx._main"

if "httpx" not in sys.modules:
    modules = cast("dict[str, Any]", sys.modules)
    modules[_COMMAND_LINE] = None  # its import fails, as where click is not installed
    try:
        import httpx  # noqa: F401
    finally:
        del modules[_COMMAND_LINE]

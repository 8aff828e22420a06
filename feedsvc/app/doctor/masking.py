"""What no line of a report may show: secrets, and the keys that open private feeds."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from threading import Thread

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import Check
from feedsvc.config.ready import secrets_in_use
from feedsvc.errors import ConfigError, FeedsvcError

_SECONDS = 10.0
_SHORTEST = 4  # characters: what is shorter hides nothing, and stands in every other word
_USERINFO = re.compile(r"(?<=://)[^\s/@'\"]+(?=@)")
_LINES = re.compile(r"\s*[\r\n]+\s*")


class Mask:
    """Stars in the place of what is secret."""

    def __init__(self, secrets: set[str]) -> None:
        # The longest first: one may be the beginning of another.
        known = sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None

    @classmethod
    def of(cls, case: Case) -> Mask:
        """What is secret in this case.

        What lies on a disk that hangs is not waited for; nobody else has read it then, either.
        """
        found = _written(case)

        def read() -> None:
            found.update(_elsewhere(case))
            found.update(_keys(case))

        reading = Thread(target=read, name="feedsvc-doctor-secrets", daemon=True)
        reading.start()
        reading.join(_SECONDS)
        return cls(set(found))

    def over(self, check: Check) -> Check:
        """The check without secrets, each of its texts on one line."""
        hint = None if check.hint is None else self.text(check.hint)
        return replace(check, message=self.text(check.message), hint=hint)

    def text(self, text: str) -> str:
        """The text without secrets, on one line."""
        text = _LINES.sub(" ", text.strip())
        if self._pattern is not None:
            text = self._pattern.sub("***", text)
        return _USERINFO.sub("***", text)


def _written(case: Case) -> set[str]:
    """What stands in the configuration itself."""
    uses = () if case.settings is None else secrets_in_use(case.settings)
    return {use.secret.value for use in uses if use.secret.value is not None}


def _elsewhere(case: Case) -> set[str]:
    """What variables and files hold."""
    found = set[str]()
    for use in () if case.settings is None else secrets_in_use(case.settings):
        with suppress(ConfigError):  # which is told elsewhere
            found.add(use.reveal(case.environ))
    return found


def _keys(case: Case) -> set[str]:
    """The keys of private feeds."""
    if case.settings is None or not any(feed.private for feed in case.settings.feeds):
        return set()
    look, found = case.look, set[str]()
    with suppress(FeedsvcError, OSError):
        if look is not None and look.path.exists():
            with look.store(case.settings.feeds) as store:
                for feed in case.settings.feeds:
                    if feed.private:
                        found.update(store.tokens(feed.name))
    return found

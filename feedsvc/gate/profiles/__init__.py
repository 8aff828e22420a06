"""What partners ask of a feed beyond the standards: one file for each, named as in `profile = …`.

    bytes -> document.py (the gate's own reader) -> sheet.py (values, whatever the format) -> rules

A rule that a partner requires is an error and holds the publication; what it advises, or what a
document cannot show, is a warning. The codes stand in `gate/rules.py` with everybody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from feedsvc.gate.document import read_xml
from feedsvc.gate.profiles.apple_podcasts import check_apple_podcasts
from feedsvc.gate.profiles.flipboard import check_flipboard
from feedsvc.gate.profiles.msn import check_msn
from feedsvc.gate.profiles.reader import check_reader, check_reader_json
from feedsvc.gate.profiles.sheet import Sheet, sheet_of
from feedsvc.gate.profiles.smartnews import check_smartnews
from feedsvc.gate.report import Report
from feedsvc.gate.sniffing import sniff
from feedsvc.model import Finding, Format

__all__ = ["check_profile", "formats_of"]

_FORMATS: Final[Mapping[str, tuple[Format, ...]]] = MappingProxyType(
    {
        "reader": (Format.ATOM, Format.RSS, Format.JSON),
        "msn": (Format.ATOM, Format.RSS),
        "smartnews": (Format.ATOM, Format.RSS),
        "flipboard": (Format.RSS,),
        "apple-podcasts": (Format.RSS,),
    }
)
_FORMAT_RULES: Final = MappingProxyType(
    {
        "msn": "msn-format",
        "smartnews": "smartnews-format",
        "flipboard": "flipboard-format",
        "apple-podcasts": "apple-format",
    }
)
_NOT_UTF_8: Final = frozenset({"encoding-not-utf8", "encoding-broken"})


def formats_of(profile: str) -> tuple[Format, ...]:
    """The documents that a partner reads: only they have to keep to its rules."""
    if profile not in _FORMATS:
        raise ValueError(f"no such profile: {profile}")
    return _FORMATS[profile]


def check_profile(
    body: bytes,
    format: str,
    profile: str,
    *,
    url: str | None = None,
    now: datetime,
    before: bytes | None = None,
) -> tuple[Finding, ...]:
    """What `profile` has against a document, beside all that `gate.check` says of it.

    `format` is that of `check`; one that the partner does not read is a fault, so ask `formats_of`
    first where a feed has others besides. `before` is the version that was published last.
    """
    wanted = formats_of(profile)
    kind = sniff(body) if format == "auto" else format
    report = Report(body=body, url=url, now=now)
    if kind not in wanted:
        if profile in _FORMAT_RULES:
            says = f"{profile} reads {' and '.join(wanted)}, not {kind or 'this'}"
            report.add(_FORMAT_RULES[profile], says, 1)
    elif kind == Format.JSON:
        check_reader_json(report, body)
    else:
        _check_xml(report, body, profile, before, now)
    return report.findings()


def _check_xml(
    report: Report, body: bytes, profile: str, before: bytes | None, now: datetime
) -> None:
    """What can be read is judged; why the rest cannot be, `gate.check` says."""
    reading = report if profile == "reader" else Report(body=body, url=report.url, now=now)
    root = read_xml(reading, body)
    if profile == "smartnews":
        for finding in reading.findings():
            if finding.code in _NOT_UTF_8:
                report.add("smartnews-encoding", finding.message, finding.line)
    sheet = None if root is None else sheet_of(root)
    if sheet is None:
        if root is not None and profile in _FORMAT_RULES:
            report.add(_FORMAT_RULES[profile], f"the root element is {root.tag}", root)
    elif profile == "msn":
        check_msn(report, sheet, None if before is None else _sheet(before), now)
    elif profile == "smartnews":
        check_smartnews(report, sheet)
    elif profile == "flipboard":
        check_flipboard(report, sheet)
    elif profile == "apple-podcasts":
        check_apple_podcasts(report, sheet)
    else:
        check_reader(report, sheet)


def _sheet(body: bytes) -> Sheet | None:
    root = read_xml(Report(body=body, url=None, now=None), body)
    return None if root is None else sheet_of(root)

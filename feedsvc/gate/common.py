"""What Atom, RSS and OPML ask of an element alike: its attributes, its children, its value."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.document import XML, base_is_absolute, own_text
from feedsvc.gate.report import Report, Where, shown

_LANG: Final = f"{{{XML}}}lang"
_BASE: Final = f"{{{XML}}}base"


def note(report: Report, flaw: values.Flaw | None, value: str, where: str, at: Where) -> None:
    """Write down a flaw, if there is one."""
    if flaw is not None:
        report.add(flaw.code, f"{where} {shown(value)} {flaw.why}", at)


def trimmed(report: Report, value: str, where: str, at: etree._Element) -> str:
    """The value without white space around it, which Atom forbids for dates and addresses."""
    bare = value.strip()
    if bare != value and bare:
        report.add("whitespace-around", f"{where} has white space around its value", at)
    return bare


def check_address(
    report: Report,
    value: str,
    where: str,
    at: Where,
    *,
    relative: bool = False,
    iri: bool = True,
) -> None:
    """An address; a relative one passes below an absolute xml:base, or when `relative` says so."""
    flaw = values.address(value, iri=iri, relative=relative)
    if (
        flaw is not None
        and flaw.code == "url-relative"
        and isinstance(at, etree._Element)
        and value
        and base_is_absolute(report, at)
    ):
        flaw = values.address(value, iri=iri, relative=True)
    note(report, flaw, value, where, at)


def check_rfc3339(report: Report, value: str, where: str, at: Where) -> datetime | None:
    """An Atom date; the instant if it is one."""
    moment = values.rfc3339(value)
    if not isinstance(moment, datetime):
        note(report, moment, value, where, at)
        return None
    note(report, values.implausible(moment, report.now), value, where, at)
    return moment


def check_rfc822(report: Report, value: str, where: str, at: Where) -> None:
    """An RSS or OPML date."""
    moment, flaw = values.rfc822(value)
    note(report, flaw, value, where, at)
    if moment is not None:
        note(report, values.implausible(moment, report.now), value, where, at)


def check_lang(report: Report, element: etree._Element) -> None:
    """xml:lang, where empty means unknown (XML 1.0 §2.12), and xml:base."""
    if value := element.get(_LANG):
        note(report, values.language(value), value, "xml:lang", element)
    if report.based and (base := element.get(_BASE)):
        note(report, values.address(base, relative=True), base, "xml:base", element)


def check_attributes(report: Report, element: etree._Element, allowed: Iterable[str]) -> None:
    """Attributes without a namespace belong to the format, and it knows them all."""
    if not element.attrib:
        return
    for key in element.keys():  # noqa: SIM118 - iterating an element yields its children
        name = str(key)
        if name[0] != "{" and name not in allowed:
            report.add("attribute-unknown", f"<{local(element)}> has {shown(name)}", element)


def check_number(
    report: Report, value: str | None, where: str, at: etree._Element, *, least: int = 0
) -> None:
    """A whole number of at least `least`; an attribute that is not there passes."""
    if value is None:
        return
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) >= least):
        report.add("number-invalid", f"{where} {shown(value)} is no number from {least} up", at)


def check_decimal(report: Report, value: str | None, where: str, at: etree._Element) -> None:
    """A number that may have a fraction; an attribute that is not there passes."""
    if value is not None:
        whole, dot, part = value.partition(".")
        if not (whole.isascii() and whole.isdigit() and (not dot or part.isdigit())):
            report.add("number-invalid", f"{where} {shown(value)} is no number", at)


def check_leaf(report: Report, element: etree._Element) -> str:
    """The text of an element that holds text only."""
    if len(element):
        child = next(element.iterchildren("*"), None)
        if child is not None:
            report.add("children-unexpected", f"<{local(element)}> holds <{local(child)}>", child)
    return own_text(element)


def local(element: etree._Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]

"""The RSGI application: a request for a file of the output directory becomes an answer.

Decisions are made in `conditional.py`, files come from `files.py`, what is said beside them from
`index.py`; here they only meet. Everything before the answer is looked up, not built: this runs
once per request.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from feedsvc.serve import headers, pages
from feedsvc.serve.conditional import (
    NoSpan,
    Outcome,
    Preconditions,
    Span,
    byte_range,
    evaluate,
    joined,
    may_send_part,
    negotiate,
)
from feedsvc.serve.deltas import Deltas, asks_for_delta
from feedsvc.serve.files import Library, UnavailableError
from feedsvc.serve.index import Watch
from feedsvc.serve.outflow import OUTFLOW
from feedsvc.serve.pages import Page
from feedsvc.serve.relay import DESK, Relay
from feedsvc.serve.resource import Content, OpenFile, Redirect, Resource
from feedsvc.serve.rsgi import Connection, Scope
from feedsvc.serve.rules import Rules

_LONGEST_TARGET = 8192  # RFC 9112 §3: at least 8000 octets of a request line are to be understood
_OPENING = 10.0  # seconds; the engine opens a large file within milliseconds
_CONDITIONS = ("if-match", "if-modified-since", "if-unmodified-since")
_SEND, _NOT_MODIFIED = Outcome.SEND, Outcome.NOT_MODIFIED
_REOPENABLE = Path("/proc/self/fd").is_dir()  # a descriptor has a name to open it anew by: Linux


class Application:
    """Answers readers from a `Library`, and what has no file by the serving index or a `Relay`."""

    def __init__(self, library: Library, relay: Relay | None = None) -> None:
        self._library = library
        self._watch = Watch(library.directory)
        self._relay = relay
        self._deltas = Deltas()

    def at_once(self, scope: Scope, connection: Connection) -> bool:
        """Answer with what is in memory; False, and nothing done, if that is not all it takes.

        In the engine's thread, beside the event loop in which all else happens: what is used here
        changes in one step, by one assignment or one method of a builtin.
        """
        try:
            resource, rules = self._library.held(scope.path), self._watch.current
            if resource is None or rules is None or not _is_plain(scope):
                return False
            now = self._library.now()
            return _send_resource(connection, resource, scope, rules, now, at_once=True)
        except Exception as error:
            _fail(scope, connection, error)
        return True

    @property
    def private(self) -> frozenset[str]:
        """The folders of private feeds, with slashes at both ends."""
        return self._watch.latest.private

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        try:
            await self._answer(scope, connection)
        except Exception as error:
            _fail(scope, connection, error)

    async def _answer(self, scope: Scope, connection: Connection) -> None:
        method, path = scope.method, scope.path  # the path is percent-decoded, once
        if self._relay is not None and path.startswith(DESK):
            await self._relay.answer(scope, connection)
            return
        if method not in ("GET", "HEAD"):
            if method == "OPTIONS":
                connection.response_empty(204, headers.OPTIONS)
            else:
                _send(connection, pages.NOT_ALLOWED, method)
            return
        # RFC 9112 §3.2
        if scope.http_version == "1.1" and len(scope.headers.get_all("host")) != 1:
            _send(connection, pages.BAD_REQUEST, method)
            return
        if path == "/health/live":
            _send(connection, pages.LIVE, method)
            return
        if len(path) + len(scope.query_string) > _LONGEST_TARGET:
            _send(connection, pages.TOO_LONG, method)
            return
        try:
            found = await self._library.get(path)
        except UnavailableError:
            _send(connection, pages.UNAVAILABLE, method)
            return
        rules = self._watch.current or await self._watch.look()
        if isinstance(found, Resource):
            now = self._library.now()
            if _send_resource(connection, found, scope, rules, now):
                return
            if not await self._send_delta(connection, found, scope, rules, now):
                _send_resource(connection, found, scope, rules, now, whole=True)
        elif isinstance(found, Redirect) and not path.endswith("/"):
            _send(connection, rules.folder(path, scope.query_string), method)
        else:
            known = rules.answer(path, scope.query_string)
            _send(connection, known or pages.NOT_FOUND, method)

    async def _send_delta(
        self, connection: Connection, resource: Resource, scope: Scope, rules: Rules, now: float
    ) -> bool:
        """Send what is new since the version that a reader has; False if it has to have all."""
        path, asked = scope.path, scope.headers
        known = self._library.versions.find(path, joined(asked.get_all("if-none-match")) or "")
        coding = negotiate(joined(asked.get_all("accept-encoding")), resource.codings)
        if known is None or coding is None:
            return False
        tag, before = known
        limit = rules.pace(path).limit
        body = await self._deltas.since(before, path, resource, coding, limit)
        if body is None:
            return False
        form = resource.form(coding, document=asked.get("sec-fetch-dest") == "document")
        fields = rules.fields(path, form.fields, now) if rules.of_files else form.fields
        fields = headers.of_delta(fields, base=tag, length=len(body))
        _send(connection, Page(226, fields, body), scope.method)
        return True


def _is_plain(scope: Scope) -> bool:
    """Whether a request can be answered with a file, for all that is known without its path."""
    return (
        scope.method in ("GET", "HEAD")
        # RFC 9112 §3.2
        and (scope.http_version != "1.1" or len(scope.headers.get_all("host")) == 1)
        and len(scope.query_string) < _LONGEST_TARGET // 2
    )


def _fail(scope: Scope, connection: Connection, error: Exception) -> None:
    """The last stop: the operator is told, and a reader gets an answer."""
    print(f"{scope.method} {scope.path!r}: {error!r}", file=sys.stderr, flush=True)
    _send(connection, pages.FAULT, scope.method)


def _send(connection: Connection, page: Page, method: str) -> None:
    if method == "HEAD":
        connection.response_empty(page.status, page.fields)
    else:
        connection.response_bytes(page.status, page.fields, page.body)


def _send_resource(
    connection: Connection,
    resource: Resource,
    scope: Scope,
    rules: Rules,
    now: float,
    *,
    whole: bool = False,
    at_once: bool = False,
) -> bool:
    """Send the form of a resource that the request asks for, or say that the client has it.

    False, and nothing done: the client would rather have what is new than the `whole`, or this is
    to be `at_once` and lies on the disk.
    """
    method, path, asked = scope.method, scope.path, scope.headers
    coding = negotiate(joined(asked.get_all("accept-encoding")), resource.codings)
    if coding is None:
        _send(connection, pages.not_acceptable(headers.vary(resource.kind)), method)
        return True
    form = resource.form(coding, document=asked.get("sec-fetch-dest") == "document")
    content, modified = form.content, resource.modified
    tags, outcome = joined(asked.get_all("if-none-match")), _SEND
    if tags == form.etag and "if-match" not in asked and "if-unmodified-since" not in asked:
        outcome = _NOT_MODIFIED  # what almost every poll comes to, found in the shortest way
    elif tags is not None or any(map(asked.__contains__, _CONDITIONS)):
        conditions = Preconditions(
            if_match=joined(asked.get_all("if-match")),
            if_unmodified_since=asked.get("if-unmodified-since"),
            if_none_match=tags,
            if_modified_since=asked.get("if-modified-since"),
        )
        outcome = evaluate(conditions, etag=form.etag, modified=modified, now=now)
    if outcome is _NOT_MODIFIED:
        fields = form.not_modified
        fields = rules.fields(path, fields, now) if rules.of_files else fields
        connection.response_empty(304, fields)
        return True
    if outcome is not _SEND:
        page = pages.precondition_failed(form.etag, headers.vary(resource.kind))
        _send(connection, page, method)
        return True
    if tags is not None and not whole and asks_for_delta(asked):
        return False
    if at_once and content.body is None and method == "GET":
        return False
    span: Span | NoSpan = NoSpan.WHOLE
    if (
        method == "GET"  # §14.2: for HEAD there is no range
        and (field := asked.get("range")) is not None
        and may_send_part(asked.get("if-range"), etag=form.etag, modified=modified, now=now)
    ):
        span = byte_range(field, content.length)
    if span is NoSpan.UNSATISFIABLE:
        page = pages.no_such_range(content.length, headers.vary(resource.kind))
        _send(connection, page, method)
        return True
    fields = rules.fields(path, form.fields, now) if rules.of_files else form.fields
    if method == "HEAD":
        connection.response_empty(200, fields)
    elif isinstance(span, Span):
        fields = headers.of_part(fields, start=span.start, stop=span.stop, length=content.length)
        _send_content(connection, 206, fields, content, span)
    else:
        _send_content(connection, 200, fields, content, None)
    return True


def _send_content(
    connection: Connection,
    status: int,
    fields: headers.Fields,
    content: Content,
    span: Span | None,
) -> None:
    start, stop = span or Span(0, content.length)
    if not (OUTFLOW.may_open() if content.body is None else OUTFLOW.may_copy(stop - start)):
        _send(connection, pages.UNAVAILABLE, "GET")
    elif content.body is not None:
        connection.response_bytes(
            status, fields, content.body if span is None else content.body[start:stop]
        )
    elif content.file is not None:
        send_file(connection, status, fields, content.file, start, stop, reopen=_REOPENABLE)


def send_file(
    connection: Connection,
    status: int,
    fields: headers.Fields,
    file: OpenFile,
    start: int,
    stop: int,
    *,
    reopen: bool,
) -> None:
    """Let the engine send a large file as fast as the client reads, without holding it in memory.

    By the name of the descriptor, not of the file: another may have taken that name by now. Where
    descriptors cannot be opened anew, the bytes are read.
    """
    if not reopen:
        connection.response_bytes(status, fields, file.read(start, stop))
        return
    connection.response_file_range(status, fields, f"/proc/self/fd/{file.descriptor}", start, stop)
    # The engine opens it a moment later; until then it must not be closed.
    asyncio.get_running_loop().call_later(_OPENING, id, file)

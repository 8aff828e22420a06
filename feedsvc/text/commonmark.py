"""CommonMark with GitHub's extensions -> HTML, and the memory given back.

cmarkgfm's own functions never free the tree and the result: 60 KB for an article of 4 KB, for ever.
Its library exports what is needed for that, only its Python side does not name it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

from cmarkgfm import _cmark
from cmarkgfm.cmark import (
    Options,
    core_extensions_ensure_registered,
    find_syntax_extension,
)

# Raw HTML is allowed: every body is sanitised later, whatever it came from.
_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_VALIDATE_UTF8
_EXTENSIONS = ("table", "strikethrough", "tasklist")

_lib, _ffi = _cmark.lib, _cmark.ffi


def render(text: str) -> str:
    """`text` as HTML; raw HTML in it stays, so the result still has to be sanitised."""
    data = text.encode("utf-8", "replace")
    free_tree, free_text = _deallocators()
    parser = _lib.cmark_parser_new(_OPTIONS)
    try:
        for extension in _extensions(autolink=_holds_address(text)):
            _lib.cmark_parser_attach_syntax_extension(parser, extension)
        _lib.cmark_parser_feed(parser, data, len(data))
        root = _lib.cmark_parser_finish(parser)
        result = _lib.cmark_render_html(
            root, _OPTIONS, _lib.cmark_parser_get_syntax_extensions(parser)
        )
        # cmark makes the single bytes FE and FF, which are no UTF-8, of &#xFFFE; and &#xFFFF;.
        html: str = _ffi.string(result).decode("utf-8", "replace")
        free_text(_address(result))
        free_tree(_address(root))
    finally:
        _lib.cmark_parser_free(parser)
    return html


def _address(pointer: object) -> int:
    return int(_ffi.cast("uintptr_t", pointer))


def _holds_address(text: str) -> bool:
    """Whether `autolink` could find anything: it looks at every `w`, a third of all the work."""
    return "@" in text or (":" in text and "://" in text) or "www." in text


@cache
def _extensions(*, autolink: bool) -> tuple[object, ...]:
    core_extensions_ensure_registered()
    names = (*_EXTENSIONS, "autolink") if autolink else _EXTENSIONS
    return tuple(map(find_syntax_extension, names))


@cache
def _deallocators() -> tuple[Callable[[int], object], Callable[[int], object]]:
    """Free a tree, free a text; where a build of cmarkgfm hides its symbols, nothing is freed."""
    try:
        library, process = ctypes.CDLL(_cmark.__file__), ctypes.CDLL(None)
        free_tree, free_text = library.cmark_node_free, process.free
    except (AttributeError, OSError, TypeError):
        return _keep, _keep
    for function in (free_tree, free_text):
        function.argtypes, function.restype = (ctypes.c_void_p,), None
    return free_tree, free_text


def _keep(_: int) -> None:
    pass

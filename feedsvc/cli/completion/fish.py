"""The script for fish, with what each command and option is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from feedsvc.cli.completion.tree import Level, Option, Value

_SCRIPT = r"""# Completion of feedsvc for fish, written by `feedsvc completion fish`.
#   feedsvc completion fish > ~/.config/fish/completions/feedsvc.fish

set -g __feedsvc_paths @PATHS@
set -g __feedsvc_takers @TAKERS@

# The commands that stand on the line so far.
function __feedsvc_path
    set -l path ''
    set -l taken
    for word in (commandline -opc)[2..-1]
        if set -q taken[1]
            set -e taken
        else if contains -- $word $__feedsvc_takers
            set taken $word
        else if not string match -q -- '-*' $word
            set -l longer (string trim -- "$path $word")
            contains -- $longer $__feedsvc_paths; and set path $longer
        end
    end
    echo $path
end

function __feedsvc_at
    test (__feedsvc_path) = "$argv[1]"
end

# Names of the configuration that this command line is about.
function __feedsvc_names
    set -l tokens (commandline -opc)
    set -l where
    for number in (seq 2 (count $tokens))
        if contains -- $tokens[(math $number - 1)] -c --config -C --directory
            set -a where $tokens[(math $number - 1)] $tokens[$number]
        end
    end
    $tokens[1] $where completion --names $argv[1] 2>/dev/null
end

complete -c feedsvc -f
@LINES@
"""


def script(levels: Iterable[Level]) -> str:
    """What fish is to load."""
    known = list(levels)
    paths = [_quoted(" ".join(level.path)) for level in known if level.path]
    takers = sorted(
        {name for level in known for one in level.options if one.value for name in one.names}
    )
    return (
        _SCRIPT.replace("@PATHS@", " ".join(paths))
        .replace("@TAKERS@", " ".join(map(_quoted, takers)))
        .replace("@LINES@", "\n".join(line for level in known for line in _lines(level)))
    )


def _lines(level: Level) -> Iterator[str]:
    at = _quoted(f'__feedsvc_at "{" ".join(level.path)}"')
    start = f"complete -c feedsvc -n {at}"
    for name, help in level.commands:
        yield f"{start} -a {_quoted(name)} -d {_quoted(help)}"
    for option in level.options:
        yield f"{start} {_spelled(option)} -d {_quoted(option.help)}"
    for place in level.places:
        if told := _offered(place):
            yield f"{start} {told}"


def _spelled(option: Option) -> str:
    words = [
        f"-l {_quoted(name[2:])}" if name.startswith("--") else f"-s {_quoted(name[1:])}"
        for name in option.names
    ]
    if option.value is not None:
        words.append(f"-r {_offered(option.value) or '-f'}")
    return " ".join(words)


def _offered(value: Value) -> str:
    match value.kind:
        case "file":
            return "-F"
        case "directory":
            return "-f -a '(__fish_complete_directories)'"
        case "source" | "feed":
            return f"-f -a '(__feedsvc_names {value.kind})'"
        case "words":
            return f"-f -a {_quoted(' '.join(value.words))}"
        case _:
            return ""


def _quoted(text: str) -> str:
    """fish knows two escapes between single quotes: the backslash and the quote."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

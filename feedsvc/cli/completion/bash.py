"""The script for bash (4 and later; 3.2 completes all but files as well)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from shlex import quote

from feedsvc.cli.completion.tree import Level, Value

_SCRIPT = r"""# Completion of feedsvc for bash, written by `feedsvc completion bash`.
#   feedsvc completion bash > ~/.local/share/bash-completion/completions/feedsvc

# What may follow a command: other commands, options, what those take, what stands behind.
__feedsvc_level() {
  case "$1" in
@LEVELS@
    *) commands='' options='' values='' places='' ;;
  esac
}

__feedsvc() {
  local commands options values places
  local path='' kind='' word='' place=0 only_places='' i
  local cur=${COMP_WORDS[COMP_CWORD]} where=()
  COMPREPLY=()
  __feedsvc_level "$path"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $kind ]]; then
      [[ $word == = ]] && continue  # bash takes --option=value apart
      [[ $taker == -c || $taker == --config || $taker == -C || $taker == --directory ]] &&
        where+=("$taker" "${word/#\~/$HOME}")
      kind=''
    elif [[ ! $only_places && $word == -- ]]; then
      only_places=1
    elif [[ ! $only_places && $word == -* ]]; then
      local taker=$word
      kind=$(__feedsvc_takes "$word")
    elif [[ " $commands " == *" $word "* ]]; then
      path="${path:+$path }$word" place=0
      __feedsvc_level "$path"
    else
      place=$((place + 1))
    fi
  done
  [[ $kind && $cur == = ]] && cur=''
  if [[ ! $kind && ! $only_places && $cur == -* ]]; then
    __feedsvc_offer "$options"
    return
  fi
  if [[ ! $kind && $commands ]]; then
    __feedsvc_offer "$commands"
    return
  fi
  if [[ ! $kind ]]; then
    local all=($places)
    if ((place >= ${#all[@]})); then
      [[ $places == *+ ]] || return
      place=$((${#all[@]} - 1))
    fi
    kind=${all[place]%+}
  fi
  case "$kind" in
    file) compopt -o default -o bashdefault 2>/dev/null ;;
    directory) compopt -o dirnames 2>/dev/null ;;
    source | feed)
      local program=${COMP_WORDS[0]/#\~/$HOME}
      __feedsvc_offer "$("$program" "${where[@]}" completion --names "$kind" 2>/dev/null)"
      ;;
    =*) __feedsvc_offer "${kind//[=,]/ }" ;;
  esac
}

# The kind of value that an option takes, nothing if it stands alone.
__feedsvc_takes() {
  local pair
  for pair in $values; do
    if [[ ${pair%%:*} == "$1" ]]; then
      echo "${pair#*:}"
      return
    fi
  done
}

__feedsvc_offer() {
  local word IFS=$' \t\n'
  for word in $1; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

complete -F __feedsvc feedsvc
"""


def script(levels: Iterable[Level]) -> str:
    """What bash is to source."""
    return _SCRIPT.replace("@LEVELS@", "\n".join(_lines(levels)))


def _lines(levels: Iterable[Level]) -> Iterator[str]:
    for level in levels:
        commands = " ".join(name for name, _ in level.commands)
        options = " ".join(name for option in level.options for name in option.names)
        values = " ".join(
            f"{name}:{kind_word(option.value)}"
            for option in level.options
            if option.value is not None
            for name in option.names
        )
        places = " ".join(
            f"{kind_word(place)}{'+' if place.repeated else ''}" for place in level.places
        )
        words = {"commands": commands, "options": options, "values": values, "places": places}
        told = " ".join(f"{name}={quote(word)}" for name, word in words.items())
        yield f"    {quote(' '.join(level.path))}) {told} ;;"


def kind_word(value: Value) -> str:
    """A value as one word of the table."""
    return f"={','.join(value.words)}" if value.kind == "words" else value.kind

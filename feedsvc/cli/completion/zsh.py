"""The script for zsh, with what each command and option is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from feedsvc.cli.completion.bash import kind_word
from feedsvc.cli.completion.tree import Level

_SCRIPT = r"""#compdef feedsvc
# Completion of feedsvc for zsh, written by `feedsvc completion zsh`.
#   feedsvc completion zsh > ~/.zfunc/_feedsvc      with `fpath+=~/.zfunc` before `compinit`

# What may follow a command: other commands, options, what those take, what stands behind.
__feedsvc_level() {
  commands=() options=() values=() places=()
  case "$1" in
@LEVELS@
  esac
}

__feedsvc_offer() {
  case "$1" in
    file) _files ;;
    directory) _files -/ ;;
    source | feed)
      local -a names
      names=(${(f)"$(${words[1]} $where completion --names "$1" 2>/dev/null)"})
      compadd -a names
      ;;
    \=*) compadd -- ${(s:,:)${1#=}} ;;
  esac
}

_feedsvc() {
  local -a commands options places where
  local -A values
  local at='' kind='' taker='' only_places='' word
  local -i place=1 i
  __feedsvc_level ''
  for ((i = 2; i < CURRENT; i++)); do
    word=${(Q)words[i]}
    if [[ -n $kind ]]; then
      [[ $taker == (-c|--config|-C|--directory) ]] && where+=($taker ${word/#\~/$HOME})
      kind=''
    elif [[ -z $only_places && $word == -- ]]; then
      only_places=1
    elif [[ -z $only_places && $word == -* ]]; then
      taker=$word
      kind=${values[$word]}
    elif (( ${commands[(I)${(b)word}:*]} )); then
      at="${at:+$at }$word" place=1
      __feedsvc_level "$at"
    else
      place+=1
    fi
  done
  if [[ -n $kind ]]; then
    __feedsvc_offer "$kind"
  elif [[ -z $only_places && ${words[CURRENT]} == --*=* ]]; then
    kind=${values[${words[CURRENT]%%=*}]}
    compset -P '*='
    __feedsvc_offer "$kind"
  elif [[ -z $only_places && ${words[CURRENT]} == -* ]]; then
    _describe -o option options
  elif (( $#commands )); then
    _describe command commands
  else
    (( place > $#places && $#places )) && [[ ${places[-1]} == *+ ]] && place=$#places
    __feedsvc_offer "${places[place]%+}"
  fi
}

if [[ ${funcstack[1]} == _feedsvc ]]; then
  _feedsvc "$@"
else
  compdef _feedsvc feedsvc
fi
"""


def script(levels: Iterable[Level]) -> str:
    """What zsh is to load."""
    return _SCRIPT.replace("@LEVELS@", "\n".join(_lines(levels)))


def _lines(levels: Iterable[Level]) -> Iterator[str]:
    for level in levels:
        yield f"    {_quoted(' '.join(level.path))})"
        if level.commands:
            yield f"      commands=({_described(level.commands)})"
        options = [(name, option.help) for option in level.options for name in option.names]
        yield f"      options=({_described(options)})"
        values = [
            f"{_quoted(name)} {_quoted(kind_word(option.value))}"
            for option in level.options
            if option.value is not None
            for name in option.names
        ]
        yield f"      values=({' '.join(values)})"
        places = [_quoted(f"{kind_word(one)}{'+' if one.repeated else ''}") for one in level.places]
        yield f"      places=({' '.join(places)})"
        yield "      ;;"


def _described(words: Iterable[tuple[str, str]]) -> str:
    """Words with their help; a colon of the word itself would end it."""
    return " ".join(_quoted(f"{word.replace(':', chr(92) + ':')}:{help}") for word, help in words)


def _quoted(text: str) -> str:
    """A word between single quotes: zsh sees more in bare ones than other shells do."""
    return "'" + text.replace("'", "'\\''") + "'"

"""The shell functions that acme.sh runs with: what an authority answers goes through ``templates/guard.sh``, and secrets stay out
of the arguments of what is started, which every user of a machine can read in ``/proc/*/cmdline``.

acme.sh (all versions) gives curl the password of a deploy hook as ``--data`` or within the URL, the tokens of DNS hooks as
``--header``, and the certificate's private key, while it is uploaded, as ``--data``; openssl gets the HMAC key of an external
account binding as ``-macopt``, and the password of a PKCS #12 file as ``-password``. It calls both by name from bash, so
functions of these names stand in: a function has no arguments of its own in ``/proc``, and printf is a builtin. bash reads them
from ``$BASH_ENV`` (bash(1), INVOCATION).

acme.sh's own requests never go through wget, which it takes where curl is missing; those of a hook may.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from ..system import resources

PROXY = "ACMEWRAP_PROXY"  # on the way to the authority; templates/guard.sh takes it out of the environment
EXPORT_PASSWORD = "ACMEWRAP_EXPORT_PASSWORD"  # noqa: S105 - the name of a variable

# curl reads what is moved as a configuration (curl(1), --config) from a pipe. Empty values stay: there they would be errors.
# The URL is moved where acme.sh puts it, at the end and after no option; elsewhere it may belong to one, such as --proxy.
# The HMAC (RFC 2104; blocks of 64 bytes, as SHA-1 and SHA-256 have) is made of two digests: openssl takes its key as an
# argument only.
_HEAD = "case $0 in */acme.sh) unset BASH_ENV ;; *) return ;; esac\n"  # not for the bash before it, nor for scripts after it
_FUNCTIONS = r"""
_acmewrap_curl() {
  local kept=() moved='' word option previous=- value
  while [ $# -gt 0 ]; do
    word=$1 option='' value=''
    shift
    case $word in
      -d | --data | --data-ascii | --data-binary | --data-raw | --data-urlencode | -H | --header | -u | --user | --url)
        if [ "${1-}" ]; then option=$word value=$1; shift; fi ;;
      http://* | https://*)
        case $#$previous in 0-*) ;; 0*) option=--url value=$word ;; esac ;;
    esac
    if [ "$option" ]; then
      case $option in -d) option=--data ;; -H) option=--header ;; -u) option=--user ;; esac
      value=${value//\\/\\\\} value=${value//\"/\\\"}
      value=${value//$'\n'/\\n} value=${value//$'\r'/\\r} value=${value//$'\t'/\\t}
      moved="$moved${option#--} = \"$value\""$'\n' previous=
    else
      kept+=("$word") previous=$word
    fi
  done
  if [ "$moved" ]; then
    command curl "${kept[@]}" --config <(printf '%s' "$moved")
  else
    command curl "${kept[@]}"
  fi
}

openssl() {
  case "$1 ${3-} ${4-} ${5-} ${6-}" in
    "pkcs12 "*) command openssl "$@" -passout env:ACMEWRAP_EXPORT_PASSWORD ;;
    "dgst -mac HMAC -macopt hexkey:"*) _acmewrap_hmac "$2" "${6#hexkey:}" "${7-}" ;;
    *) command openssl "$@" ;;
  esac
}

# shellcheck disable=SC2059
_acmewrap_hmac() {
  local key=$2 inner='' outer='' byte i
  if [ ${#key} -gt 128 ]; then
    key=$(for ((i = 0; i < ${#key}; i += 2)); do printf "\\x${key:i:2}"; done | command openssl dgst "$1" -r)
    key=${key%% *}
  fi
  while [ ${#key} -lt 128 ]; do key=${key}0; done
  for ((i = 0; i < 128; i += 2)); do
    printf -v byte '\\x%02x' $((0x${key:i:2} ^ 0x36)) && inner=$inner$byte
    printf -v byte '\\x%02x' $((0x${key:i:2} ^ 0x5c)) && outer=$outer$byte
  done
  { printf "$outer"; { printf "$inner"; cat; } | command openssl dgst "$1" -binary; } | command openssl dgst "$1" ${3:+"$3"}
}
"""


def shell_functions(folder: Path, *, secrets: bool = True, polls: str = "", deadline: float = 600) -> Dict[str, str]:
    """Write the functions into *folder*, private to one call; what is returned makes bash read them.

    Those that stand between an authority and acme.sh always, those that hide arguments only where there are *secrets*, those that
    spare it programs where its *polls* are known. For these and *deadline* see :func:`guard`.
    """
    path, builtins = folder / "functions.sh", resources.read_text("templates/builtins.sh") if polls else ""
    path.write_text(_HEAD + (_FUNCTIONS if secrets else "") + guard(polls, deadline) + builtins, encoding="ascii")
    return {"BASH_ENV": str(path)}


def guard(polls: str = "", deadline: float = 600) -> str:
    """The functions between an authority and acme.sh, which asks again early at *polls* (see :func:`poll_places`). No
    ``Retry-After`` of the authority is waited for in this way beyond *deadline*, in seconds from the start.
    """
    return f"_acmewrap_polls='{polls}' _acmewrap_deadline={deadline:.0f}\n{resources.read_text('templates/guard.sh')}"


def poll_places(digest: str) -> str:
    """Where the acme.sh with this SHA-256 waits for an authority, as ``templates/guard.sh`` takes it; empty: not known."""
    rows = (line.split("  ") for line in resources.read_text("vendor/polls").splitlines() if not line.startswith("#"))
    return next((places for known, _, places in rows if known == digest), "")

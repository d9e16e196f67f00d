# Stands between what an authority answers and acme.sh, which writes parts of it into files that it runs, splits it at blanks,
# commas and #, puts it into paths, and hands it to curl and to shells. Read by bash from $BASH_ENV before acme.sh itself.
# Headers and bodies are cut down to what acme.sh reads and to characters that mean nothing to a shell; a value that it needs
# and that is not what RFC 8555 says ends the talk with the authority: acme.sh sees an error, and cleans up as after any other.
# shellcheck shell=bash

# Until what follows has been read, and where a shell cannot read it, acme.sh asks nobody.
# shellcheck disable=SC2317
curl() { return 1; }

_acmewrap_is_url() {
  local host name port path
  case $1 in http://* | https://*) host=${1#*://} ;; *) return 1 ;; esac
  name=${host%%/*} path=${host#"${host%%/*}"}
  case $name in
    \[*) name=${name#\[} port=${name#*\]} name=${name%%\]*} && case $name in '' | *[!0-9A-Fa-f:.]*) return 1 ;; esac ;;
    *) port=${name#"${name%%:*}"} name=${name%%:*} && case $name in '' | *[!A-Za-z0-9._-]*) return 1 ;; esac ;;
  esac
  case $port in '') ;; :*[!0-9]* | :) return 1 ;; :*) ;; *) return 1 ;; esac
  case $path in *[!A-Za-z0-9._~:/?=%+@\&-]* | */../* | */./* | */.. | */. | */..\?* | */.\?*) return 1 ;; esac
}

# What acme.sh and its configuration ask for themselves; a hook talks to somebody else, and _ns_... to public resolvers.
_acmewrap_is_own() {
  local index
  case ${FUNCNAME[2]-} in _get | _post) ;; *) return 1 ;; esac
  case " ${FUNCNAME[*]} " in *" upgrade "* | *nstallOnline" "* | *" _ns_"*) return 1 ;; esac
  for ((index = 2; index < ${#BASH_SOURCE[@]}; index++)); do
    case ${BASH_SOURCE[index]} in "$0" | "${BASH_SOURCE[0]}") ;; *) return 1 ;; esac
  done
}

# $1: file of headers, $2: what is wrong. Nothing more is asked of the authority by this process, and nothing waited for.
_acmewrap_refuse() {
  printf '\nacmewrap: refused an unsafe answer of the authority: %s\n' "$2" >&2
  printf 'HTTP/1.1 400 acmewrap-refused\r\n\r\n' >"$1"
}

_acmewrap_has_refused() {
  local line=''
  [ -f "${1-}" ] && IFS= read -r line <"$1"
  case $line in *acmewrap-refused*) return 0 ;; esac
  return 1
}

# Sets REPLY to the headers that acme.sh or acmewrap reads, or to what is wrong.
_acmewrap_headers() {
  local line name value text=''
  while IFS= read -r line || [ "$line" ]; do
    line=${line%$'\r'}
    if [[ $line == HTTP/[0-9]* ]]; then
      name=${line%% *} value=${line#* } REPLY='the status line'
      case "$name ${value%% *}" in HTTP/[0-9.]\ [0-9][0-9][0-9] | HTTP/[0-9].[0-9]\ [0-9][0-9][0-9]) ;; *) return 1 ;; esac
      line="$name ${value%% *}"
    elif [ "$line" ]; then
      name=${line%%:*} value=${line#*:}
      value=${value#"${value%%[![:space:]]*}"} value=${value%"${value##*[![:space:]]}"}
      REPLY="the header $name"
      case $name in
        [Rr][Ee][Pp][Ll][Aa][Yy]-[Nn][Oo][Nn][Cc][Ee]) case $value in '' | *[!A-Za-z0-9._~+/=-]*) return 1 ;; esac ;;
        [Ll][Oo][Cc][Aa][Tt][Ii][Oo][Nn]) case $value in /*) _acmewrap_is_url "https://host$value" ;; *) _acmewrap_is_url "$value" ;; esac || return 1 ;;
        [Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]) [[ $value =~ ^([0-9]{1,9}|[A-Z][A-Za-z0-9\ ,:+-]*)$ ]] || return 1 ;;
        [Dd][Aa][Tt][Ee] | [Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Tt][Yy][Pp][Ee]) case $value in *[!A-Za-z0-9\ ,:\;/=.+-]*) continue ;; esac ;;
        [Ll][Ii][Nn][Kk])
          [[ $value =~ ^\<([^\>]*)\>(\;\ ?rel=\"?[a-z-]+\"?)?$ ]] || continue
          _acmewrap_is_url "${BASH_REMATCH[1]}" || continue
          ;;
        *) continue ;;
      esac
      line="$name: $value"
    fi
    text+=$line$'\r\n'
  done
  REPLY=$text
}

# $1: a body that should be JSON. Sets REPLY to the same with nothing in its strings that acme.sh, which searches it with
# regular expressions, could take for the end of one, or to what is wrong. Fails with 2 when it is no JSON.
_acmewrap_object() {
  local IFS='"' parts piece key='' path='' seen='|' types='|' objects=() paths=() keys=() value text='' index=0 depth
  set -f
  # shellcheck disable=SC2206
  parts=($1)
  set +f
  while :; do
    piece=${parts[index]-}
    text+=$piece
    case $piece in
      : | ,) ;;
      *[!]\[\{\}:,0-9.+Etruefalsn\ $'\t\r\n'-]*) return 2 ;;
    esac
    while :; do
      case $piece in
        *[\{\}]*) piece=${piece#"${piece%%[\{\}]*}"} ;;
        *) break ;;
      esac
      case $piece in
        \{*) objects+=("$seen") paths+=("$path") keys+=("$key") seen='|' path+="/$key" ;;
        *)
          depth=$((${#objects[@]} - 1))
          [ "$depth" -ge 0 ] || return 2
          seen=${objects[depth]} path=${paths[depth]} key=${keys[depth]}
          unset "objects[depth]" "paths[depth]" "keys[depth]"
          ;;
      esac
      piece=${piece#?}
    done
    ((++index < ${#parts[@]})) || break
    value=${parts[index]}
    while [[ $value == *\\ && $value =~ (^|[^\\])(\\\\)*\\$ ]]; do # an escaped quotation mark
      ((++index < ${#parts[@]})) || return 2
      value+='"'${parts[index]}
    done
    ((++index <= ${#parts[@]})) || return 2
    piece=${parts[index]-}
    case ${piece#"${piece%%[![:space:]]*}"} in
      :*)
        case $value in *[!A-Za-z0-9._:-]*) value=${value//[!A-Za-z0-9._:-]/_} ;; esac
        key=$value REPLY="$value, twice in an object,"
        case $seen in *"|$key|"*) return 1 ;; esac
        seen+="$key|"
        ;;
      *)
        REPLY=$key
        case $value in *\\*) value=${value//\\\//\/} value=${value//\\u0026/"&"} ;; esac
        case $path/$key in
          */validationRecord/*) value=${value//[!A-Za-z0-9._~:\/?=%+@&-]/_} ;; # of the web server, not of the authority
        esac
        case $key in
          newNonce | newAccount | newOrder | newAuthz | revokeCert | keyChange | finalize | authorizations | certificate | \
            orders | url | uri) [ -z "$value" ] || _acmewrap_is_url "$value" || return 1 ;;
          token) # 128 bits of entropy (RFC 8555 section 8.3), so no word that acme.sh knows
            case $value in *[!A-Za-z0-9_=-]*) return 1 ;; esac
            [ ${#value} -ge 22 ] || return 1
            ;;
          id | eab_kid | eab_hmac_key) case $value in *[!A-Za-z0-9_=-]*) return 1 ;; esac ;;
          type) # of two challenges of a type acme.sh would take both tokens for one
            REPLY="the challenge $value, twice,"
            case $value in *-01) case $types in *"|$value|"*) return 1 ;; esac ;; esac
            types+="$value|"
            case $value in *[!A-Za-z0-9\ ._~:/?=%+@*\&-]*) value=${value//[!A-Za-z0-9 ._~:\/?=%+@*&-]/_} ;; esac
            ;;
          detail | title | description) # for people; what acme.sh splits its own lists at is left out of it, too
            value=${value//\\[nrtbf\"]/ } value=${value//[!A-Za-z0-9 ._~:\/?=%+@*&-]/ }
            ;;
          *) case $value in *[!A-Za-z0-9\ ._~:/?=%+@*\&-]*) value=${value//[!A-Za-z0-9 ._~:\/?=%+@*&-]/_} ;; esac ;;
        esac
        ;;
    esac
    text+=\"$value\"
  done
  [ ${#objects[@]} -eq 0 ] || return 2
  REPLY=$text
}

# $1: a chain of certificates. Sets REPLY to the lines that belong to one.
_acmewrap_chain() {
  local line inside='' text=''
  while IFS= read -r line; do
    line=${line%$'\r'}
    case $line in
      "-----BEGIN CERTIFICATE-----") inside=1 ;;
      "-----END CERTIFICATE-----") [ "$inside" ] || continue; text+=$line$'\n' inside='' && continue ;;
      *[!A-Za-z0-9+/=]* | '') continue ;;
    esac
    [ -z "$inside" ] || text+=$line$'\n'
  done <<<"$1"
  REPLY=$text
}

# Sets REPLY to a body that is harmless, or to what is wrong.
_acmewrap_body() {
  local start=${1#"${1%%[![:space:]]*}"}
  REPLY="a body of ${#1} bytes"
  [ ${#1} -le 262144 ] || return 1
  case $start in
    '') REPLY='' ;;
    [\{\[]*)
      _acmewrap_object "$1"
      case $? in 0) return 0 ;; 1) REPLY="$REPLY in its JSON" && return 1 ;; esac
      _acmewrap_text "$1"
      ;;
    *"-----BEGIN CERTIFICATE-----"*) _acmewrap_chain "$1" ;;
    *) _acmewrap_text "$1" ;;
  esac
}

_acmewrap_text() { REPLY=${1:0:4096} && REPLY=${REPLY//[!A-Za-z0-9 ._:\/<>=$'\n'-]/ }; }

_acmewrap_proxy=${ACMEWRAP_PROXY-}
unset ACMEWRAP_PROXY

# The very request; acmewrap.driver.concealment brings another one.
type -t _acmewrap_curl >/dev/null || _acmewrap_curl() { command curl "$@"; }

if type -P curl >/dev/null; then
  curl() {
    case $1 in --help) echo --globoff && return ;; esac # all that acme.sh looks for, twice for each of its shells
    if ! _acmewrap_is_own; then
      _acmewrap_curl "$@"
      return
    fi
    local LC_ALL=C REPLY word previous='' dump='' head='' schemes='=https' body code
    for word in "$@"; do
      case $previous in --dump-header) dump=$word ;; esac
      case $word in -I) head=1 ;; esac
      previous=$word
    done
    if [ "$_acmewrap_proxy" ]; then
      local -x http_proxy=$_acmewrap_proxy https_proxy=$_acmewrap_proxy HTTPS_PROXY='' no_proxy='' NO_PROXY=''
    fi
    case ${ACME_DIRECTORY-} in http://*) schemes='=http,https' ;; esac
    if ! _acmewrap_has_refused "$dump"; then
      printf -v REPLY 'the URL %q' "$previous"
      if _acmewrap_is_url "$previous"; then
        body=$(
          ulimit -S -f 256 2>/dev/null # KiB, for the file of headers; what has more ends by SIGXFSZ
          _acmewrap_curl --proto "$schemes" --connect-timeout 10 --max-time 120 "$@" | head -c 262145
          exit "${PIPESTATUS[0]}"
        )
        code=$?
        [ ${#body} -le 262144 ] || code=0 # it was cut off here
        if [ "$code" = 153 ]; then
          REPLY='headers of more than 256 KiB'
        elif _acmewrap_headers <"$dump"; then
          printf '%s' "$REPLY" >"$dump"
          if [ "$code" != 0 ]; then
            return "$code"
          elif [ "$head" ] || _acmewrap_body "$body"; then
            printf '%s' "$REPLY"
            return 0
          fi
        fi
      fi
      _acmewrap_refuse "$dump" "$REPLY"
    fi
    if [ -z "$head" ]; then
      printf '{"type":"urn:acmewrap:unsafe_response","detail":"refused by acmewrap"}\n'
    fi
  }
else
  unset -f curl
fi

if type -P wget >/dev/null; then
  exec {_acmewrap_errors}>&2 # acme.sh takes what wget says there for headers
  wget() { # acme.sh takes it where curl is missing, or by ACME_USE_WGET
    case ${FUNCNAME[1]-} in
      _get | _post)
        printf '\nacmewrap: acme.sh needs curl here, and would use wget\n' >&"$_acmewrap_errors"
        printf 'HTTP/1.1 400 acmewrap-refused\r\n\r\n' >"$HTTP_HEADER"
        return 1
        ;;
      *) command wget "$@" ;;
    esac
  }
fi

# Where acme.sh waits for an authorization or an order (vendor/polls) it asks again after a tenth of a second, then after twice as
# long each time until its own 2 s have passed, and every 2 s from then on. Those 2 s count once with it, so its patience stays. At
# most five requests of a process are more than it would make: each name waits from the first as long as the one before took, and
# not at all where that was done at the first request, until one such was not.
_acmewrap_spare=5 _acmewrap_subject='' _acmewrap_slept=0 _acmewrap_first=1 _acmewrap_least=0 _acmewrap_waited=''
sleep() {
  local depth=1 counter='' after=0 tenths
  if _acmewrap_has_refused "${HTTP_HEADER-}"; then return; fi
  if _acmewrap_after; then after=$((REPLY * 10)); else REPLY=2; fi
  if [ "${1-}" ] && [ "$1" = "${_retryafter-}" ]; then # as the authority says, also with a date, but two minutes at most
    case $1 in *[!0-9]*) set -- "$REPLY" ;; esac
    [ "${1:0:9}" -le 120 ] || set -- 120
  fi
  case ${FUNCNAME[1]-} in _sleep) depth=2 ;; esac
  case ${FUNCNAME[depth]-}${__INTERACTIVE-}:${BASH_SOURCE[depth]-} in
    "issue:$0")
      for counter in waittimes _link_cert_retry ''; do
        case " $_acmewrap_polls " in *" $counter:${BASH_LINENO[depth - 1]} "*) break ;; esac
      done
      ;;
  esac
  if [ "$counter" = waittimes ] && _acmewrap_is_given_up; then
    printf -v "$counter" %d 1000000 # more than acme.sh's patience
    return
  fi
  if [ -z "$counter" ] || [ $((SECONDS * 10 + after)) -ge $((_acmewrap_deadline * 10)) ]; then
    _acmewrap_waited=${responseHeaders-}
    command sleep "$@"
    return
  fi
  case $_acmewrap_subject in
    "$counter ${uri-}") # the request before was in vain
      [ "$_acmewrap_slept" -ge 20 ] || ((_acmewrap_spare--))
      [ "$_acmewrap_slept" -gt 0 ] || _acmewrap_first=1 _acmewrap_least=1
      ;;
    *)
      case $_acmewrap_subject in
        "$counter "*) _acmewrap_first=$((_acmewrap_slept > 1 ? _acmewrap_slept : _acmewrap_least)) ;;
        *) _acmewrap_first=1 ;;
      esac
      _acmewrap_subject="$counter ${uri-}" _acmewrap_slept=0
      ;;
  esac
  case ${responseHeaders-} in "$_acmewrap_waited") after=0 ;; esac
  tenths=$((_acmewrap_slept ? _acmewrap_slept + 1 : _acmewrap_first))
  [ "$tenths" -ge "$after" ] || tenths=$after
  if [ "$_acmewrap_spare" -gt 0 ] && [ $((_acmewrap_slept + tenths)) -lt 20 ]; then
    ((_acmewrap_slept += tenths))
    printf -v "$counter" %d $((counter - 1))
  else
    tenths=$((_acmewrap_slept < 20 ? 20 - _acmewrap_slept : 20)) _acmewrap_slept=20
    [ "$tenths" -ge "$after" ] || tenths=$after
  fi
  [ "$tenths" -eq 0 ] || command sleep "$((tenths / 10)).$((tenths % 10))" 2>/dev/null || command sleep "$(((tenths + 9) / 10))"
}

# Whether the challenge has failed, although it is pending: step-ca and Caddy say why in it, and try only when asked again, which
# acme.sh never does. One that is still tried is processing (RFC 8555 section 8.2).
_acmewrap_is_given_up() {
  local challenge=${response-}
  case $challenge in *'"status":"processing"'*) return 1 ;; *"${uri:-none}\""*) ;; *) return 1 ;; esac
  challenge=${challenge#*"$uri\""} challenge=${challenge%%'"url":'*}
  case $challenge in *'"error":{'*) ;; *) return 1 ;; esac
}

# Sets REPLY to the seconds that the authority's last answer to acme.sh asks it to wait; fails when it does not.
_acmewrap_after() {
  local line now=''
  REPLY=''
  while IFS= read -r line; do
    line=${line%$'\r'}
    case $line in
      [Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]:\ *) REPLY=${line#*: } ;;
      [Dd][Aa][Tt][Ee]:\ *) now=${line#*: } ;;
    esac
  done <<<"${responseHeaders-}"
  case $REPLY in
    '') return 1 ;;
    *[!0-9]*) { REPLY=$(($(date -d "$REPLY" +%s) - $(date -d "${now:-now}" +%s))); } 2>/dev/null && [ "$REPLY" -gt 0 ] ;;
    *) REPLY=$((10#$REPLY)) ;;
  esac
}

# $1: a configuration of acme.sh. Whether it is lines of Key='value' that a shell runs as such, and as nothing more; the same
# as acmewrap.driver.homes.configuration. Sets REPLY to what is wrong.
_acmewrap_is_plain() {
  local LC_ALL=C line number=0
  while IFS= read -r line || [ "$line" ]; do
    ((++number))
    REPLY="$1, line $number"
    case $line in '#'*) continue ;; *[![:space:]]*) ;; *) continue ;; esac
    [[ $line =~ ^([A-Za-z_][A-Za-z_0-9]*)=\'([^\']*)\'$ ]] || return 1
    case ${BASH_REMATCH[1]} in
      PATH | LD_* | BASH* | ENV | IFS | SHELLOPTS | _SCRIPT_HOME) return 1 ;;
      AUTO_UPGRADE) [[ ${BASH_REMATCH[2]} =~ ^0?$ ]] || return 1 ;;
      ACCOUNT_URL | Le_OrderFinalize | Le_LinkOrder | Le_LinkCert) [ -z "${BASH_REMATCH[2]}" ] || _acmewrap_is_url "${BASH_REMATCH[2]}" || return 1 ;;
      Le_CertCreateTime | Le_NextRenewTime | Le_RenewalDays) [[ ${BASH_REMATCH[2]} =~ ^-?[0-9]*$ ]] || return 1 ;;
      ACCOUNT_EMAIL | CA_* | DEFAULT_PREFERRED_CHAIN | NO_ARI) ;;
      *) case $1 in */ca.conf) return 1 ;; esac ;;
    esac
  done <"$1"
  return 0
}

_acmewrap_require_plain() {
  if [ ! -f "$1" ] || _acmewrap_is_plain "$1"; then return; fi
  printf "\nacmewrap: %s: not Key='value' as acme.sh writes it. It would be run, and was not.\n" "$REPLY" >&2
  exit 78
}

# What acme.sh keeps for its next run is its own: no setting of a hook, where a password may be one, no key of an account, and
# nothing by which one run by hand (--insecure, --ca-path, --log) would weaken every run to come.
_acmewrap_unkept='SAVED_|Le_PFXPassword=|CA_(EAB_HMAC_KEY|BUNDLE|PATH)=|HTTPS_INSECURE=|LOG_|SYS_LOG=|ACME_(OPENSSL_BIN|USE_WGET)='

# acme.sh's own function is replaced once it is there, which is before the first hook is.
_acmewrap_keep_little() {
  local text
  if declare -F _acmewrap_save_conf >/dev/null || ! declare -F _save_conf >/dev/null; then return; fi
  text=$(declare -f _save_conf)
  eval "_acmewrap_save_conf ${text#_save_conf }"
  # shellcheck disable=SC2317
  _save_conf() {
    if [[ $2= =~ ^($_acmewrap_unkept) ]]; then return; fi
    case $2 in
      Le_* | CA_* | ACCOUNT_* | ACME_* | APACHE_HTTPD_CONF | AUTO_UPGRADE | CERT_HOME | DEFAULT_* | NOTIFY_* | UPGRADE_HASH | USER_AGENT | \
        USER_PATH) _acmewrap_save_conf "$@" ;;
    esac
  }
}

function . {
  _acmewrap_keep_little
  case $1 in
    *.conf) _acmewrap_require_plain "$1" ;;
    *[!A-Za-z0-9/._+@-]* | *../*)
      printf '\nacmewrap: %q is no hook of acme.sh. It would be run, and was not.\n' "$1" >&2
      exit 78
      ;;
  esac
  builtin . "$@"
}

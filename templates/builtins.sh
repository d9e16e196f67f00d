# acme.sh starts programs for nearly each comparison and cut of a text. These functions do in the shell what it does for the inputs
# that it nearly always has, and leave the others to its own. Only for releases that vendor/polls names, where each does what theirs
# does (tests/process/test_builtins.py); they take their place before the last line of acme.sh.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2317

_acmewrap_replace() {
  local own names='_contains _startswith _endswith _url_replace _base64 _head_n _tail_n _is_idn _isRSA _isEcc _h2b _setopt
    _clear_conf _json_decode _normalizeJson _isIPv4'
  # shellcheck disable=SC2086
  own=$'\n'$(declare -f $names)
  eval "${own//$'\n'_/$'\n'_acmewrap_own_}"

  # $1: what echo would print, $2: a basic regular expression. Whether grep would look there for nothing but these characters.
  _acmewrap_is_text() {
    case $2 in *[\\.*^$\[]* | *$'\n'*) return 1 ;; esac
    case $1 in -[neE]*) return 1 ;; esac
  }

  _contains() {
    _str=$1 _sub=$2
    if _acmewrap_is_text "$@"; then [[ $1 == *"$2"* ]]; else _acmewrap_own_contains "$@"; fi
  }

  _startswith() {
    _str=$1 _sub=$2
    if _acmewrap_is_text "$@"; then [[ $'\n'$1 == *$'\n'"$2"* ]]; else _acmewrap_own_startswith "$@"; fi
  }

  _endswith() {
    _str=$1 _sub=$2
    if _acmewrap_is_text "$@"; then [[ $1$'\n' == *"$2"$'\n'* ]]; else _acmewrap_own_endswith "$@"; fi
  }

  _url_replace() {
    local text
    IFS= read -r -d '' text
    text=${text//\//_} text=${text//+/-}
    printf %s "${text//[= ]/}"
  }

  _base64() {
    if [ "$1" ]; then
      _acmewrap_own_base64 "$1"
    else
      command base64 -w 0 2>/dev/null || ${ACME_OPENSSL_BIN:-openssl} base64 -e -A
    fi
  }

  _head_n() {
    local line left=$1
    while [ "$left" -gt 0 ] && IFS= read -r line; do
      printf '%s\n' "$line"
      line='' left=$((left - 1))
    done
    [ "$left" -eq 0 ] || printf %s "$line"
  }

  _tail_n() {
    local lines
    mapfile lines
    printf %s "${lines[@]:$((${#lines[@]} > $1 ? ${#lines[@]} - $1 : 0))}"
  }

  _is_idn() {
    case $1 in '' | *[!A-Za-z0-9*.,_-]*) _acmewrap_own_is_idn "$1" ;; *) _is_idn_d=$1 && return 1 ;; esac
  }

  # $1: a file. Whether it is the key of an account on an elliptic curve, and nothing else.
  _acmewrap_is_ecc() {
    local line kinds=''
    [ -f "$1" ] && while IFS= read -r line; do
      case $line in *BEGIN*) kinds+=$line ;; esac
    done 2>/dev/null <"$1"
    case $kinds in '-----BEGIN EC PRIVATE KEY-----' | '-----BEGIN EC PARAMETERS----------BEGIN EC PRIVATE KEY-----') ;; *) return 1 ;; esac
  }

  _isRSA() {
    if _acmewrap_is_ecc "$1"; then keyfile=$1; return 1; else _acmewrap_own_isRSA "$@"; fi
  }

  _isEcc() {
    if _acmewrap_is_ecc "$1"; then keyfile=$1; else _acmewrap_own_isEcc "$@"; fi
  }

  # $1: digits of base 16. Writes the bytes.
  _acmewrap_bytes() {
    local text='' i
    for ((i = 0; i < ${#1}; i += 2)); do text+="\\x${1:i:2}"; done
    # shellcheck disable=SC2059
    printf "$text"
  }

  _h2b() {
    local digits
    IFS= read -r -d '' digits
    case $((${#digits} % 2))$digits in
      *[!0-9A-Fa-f]* | 1* | 0) printf %s "$digits" | _acmewrap_own_h2b ;;
      *) _acmewrap_bytes "$digits" ;;
    esac
  }

  # $1: a signature as openssl writes it (RFC 3279 section 2.2.3). Sets REPLY to that of RFC 7518 section 3.4; both in base 16.
  _acmewrap_jws() {
    local der=$1 number size half
    REPLY=''
    case $__ECC_KEY_LEN in 256 | 384) half=$((__ECC_KEY_LEN / 4)) ;; 512) half=132 ;; *) return 1 ;; esac
    case $der in *[!0-9a-f]*) return 1 ;; 3081*) der=${der:6} ;; 30*) der=${der:4} ;; esac
    while [[ $der == 02??* ]]; do
      size=$((16#${der:2:2} * 2))
      number=${der:4:size} der=${der:4+size}
      [ ${#number} -eq "$size" ] || return 1
      number=${number#00}
      while [ ${#number} -lt "$half" ]; do number=0$number; done
      REPLY+=$number
    done
    [ -z "$der" ] && [ ${#REPLY} -eq $((2 * half)) ]
  }

  # $1: a variable, $2: digits of base 16. Sets it to what they stand for, in base 64.
  _acmewrap_base64() {
    local set=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ digits=$2 text='' end='' i n
    case $((${#2} % 6)) in 2) digits+=0000 end='==' ;; 4) digits+=00 end='=' ;; esac
    for ((i = 0; i < ${#digits}; i += 6)); do
      n=$((16#${digits:i:6}))
      text+=${set:n>>18:1}${set:n>>12&63:1}${set:n>>6&63:1}${set:n&63:1}
    done
    printf -v "$1" %s "${text:0:${#text}-${#end}}$end"
  }

  # $1: a variable, $2: a text. Sets it to what _base64 and _url_replace make of that: the line feed behind it changes nothing before.
  _acmewrap_base64url() {
    local LC_ALL=C text=''
    [ -z "$2" ] || text=$(base64 -w 0 2>/dev/null <<<"$2") || text=$(printf %s "$2" | _base64)
    text=${text:0:(${#2}*4+2)/3} text=${text//\//_}
    printf -v "$1" %s "${text//+/-}"
  }

  # $1: what is signed, $2: a file with a key. Sets _sig_t to what _sign writes for SHA-256.
  _acmewrap_sign() {
    local REPLY
    if _acmewrap_is_ecc "$2"; then
      REPLY=$(printf %s "$1" | ${ACME_OPENSSL_BIN:-openssl} dgst "-sha$__ECC_KEY_LEN" -sign "$2" -hex)
      if _acmewrap_jws "${REPLY##*= }"; then _acmewrap_base64 _sig_t "$REPLY"; return; fi
    fi
    _sig_t=$(printf %s "$1" | _sign "$2" sha256)
  }

  # Sets responseHeaders to what the file of headers holds, and what acme.sh will look for there.
  _acmewrap_read_headers() {
    local line
    if [ -r "$HTTP_HEADER" ] && ! IFS= read -r -d '' responseHeaders <"$HTTP_HEADER"; then
      while [ "$responseHeaders" != "${responseHeaders%$'\n'}" ]; do responseHeaders=${responseHeaders%$'\n'}; done
    else
      responseHeaders=$(cat "$HTTP_HEADER")
    fi
    _acmewrap_code='' _acmewrap_nonce='' _acmewrap_json=''
    while IFS= read -r line; do
      case $line in HTTP*) _acmewrap_code=$line ;; esac
      [ "$_acmewrap_nonce" ] || case ${line,,} in *replay-nonce:*) _acmewrap_nonce=${line//[$'\r' ]/} ;; esac
      if [[ ${line,,} =~ content-type:\ *application/json ]]; then _acmewrap_json=1; fi
    done <<<"$responseHeaders"
    case $_acmewrap_code in *' '*) _acmewrap_code=${_acmewrap_code#* } _acmewrap_code=${_acmewrap_code%% *} ;; esac
    _acmewrap_code=${_acmewrap_code//$'\r'/}
    _acmewrap_nonce=${_acmewrap_nonce#*:} _acmewrap_nonce=${_acmewrap_nonce%%[:,]*}
  }

  _isIPv4() {
    case $1 in *[!A-Za-z0-9.-]*) ;; *[A-Za-z-]*) return 1 ;; esac
    _acmewrap_own_isIPv4 "$@"
  }

  # $1: a configuration of whole lines. Sets text to it; fails when it is something else.
  _acmewrap_lines() {
    [ -f "$1" ] && ! IFS= read -r -d '' text 2>/dev/null <"$1" && case $text in *[!$'\n']$'\n') ;; *) false ;; esac
  }

  _setopt() {
    local text line kept=''
    case $2$3 in *[!A-Za-z0-9_]*=* | =* | *[!=]) _acmewrap_own_setopt "$@"; return ;; esac
    case $4$5 in *[\\\&\|]* | *$'\n'*) _acmewrap_own_setopt "$@"; return ;; esac
    if ! _acmewrap_lines "$1"; then
      _acmewrap_own_setopt "$@"
    else
      case $'\n'$text in
        *$'\n'"$2$3"*)
          while IFS= read -r line; do
            case $line in "$2$3"*) line=$2$3$4$5 ;; esac
            kept+=$line$'\n'
          done <<<"${text%$'\n'}"
          printf %s "$kept" >"$1"
          ;;
        *$'\n#'"$2$3"*) _acmewrap_own_setopt "$@" ;;
        *) printf '%s\n' "$2$3$4$5" >>"$1" ;;
      esac
    fi
  }

  _clear_conf() {
    local text
    if _acmewrap_lines "$1" && [[ $2 && $'\n'$text != *$'\n'"$2"* ]]; then return; fi
    _acmewrap_own_clear_conf "$@"
  }

  _json_decode() {
    IFS= read -r -d '' _j_str
    while [ "$_j_str" != "${_j_str%$'\n'}" ]; do _j_str=${_j_str%$'\n'}; done
    _j_str=${_j_str//\\\//\/}
    echo "$_j_str"
  }

  # Sets text, of JSON, to what _normalizeJson makes of it; fails where it may do more than this.
  _acmewrap_normalize() {
    local line mark from
    case $text in *'" :'* | *'":  '* | *'": ":'*) return 1 ;; esac
    for mark in '":"' '":{' '":['; do
      from=${mark%?}\ ${mark#??}
      text=${text//"$from"/$mark}
    done
    from=$text text=''
    while IFS= read -r line; do
      case $line in ' '*[!\ ]*) line=${line#"${line%%[! ]*}"} ;; esac
      text+=${line//$'\r'/}
    done <<<"$from"
  }

  _normalizeJson() {
    local text=''
    IFS= read -r -d '' text
    if _acmewrap_normalize; then printf %s "$text"; else printf %s "$text" | _acmewrap_own_normalizeJson; fi
  }

  _acmewrap_plain_response() {
    local text=${response//\\\//\/}
    case $text in
      [\{\[]*) if _acmewrap_normalize; then response=$text; return; fi ;;
    esac
    response=$(echo "$response" | _json_decode | _normalizeJson)
  }

  # Of one function these parts; where a release has others, they stay.
  local text from to
  text=$(declare -f _send_signed_request)
  while IFS= read -r from && IFS= read -r to; do text=${text//"$from"/$to}; done <<'PARTS'
payload64=$(printf "%s" "$payload" | _base64 | _url_replace)
_acmewrap_base64url payload64 "$payload"
_request_retry_times=$(_math "$_request_retry_times" + 1)
_request_retry_times=$((_request_retry_times + 1))
protected64="$(printf "%s" "$protected" | _base64 | _url_replace)"
_acmewrap_base64url protected64 "$protected"
_sig_t="$(printf "%s" "$protected64.$payload64" | _sign "$keyfile" "sha256")"
_acmewrap_sign "$protected64.$payload64" "$keyfile"
sig="$(printf "%s" "$_sig_t" | _url_replace)"
sig=${_sig_t//[= ]/} sig=${sig//\//_} sig=${sig//+/-}
responseHeaders="$(cat "$HTTP_HEADER")"
_acmewrap_read_headers
code="$(grep "^HTTP" "$HTTP_HEADER" | _tail_n 1 | cut -d " " -f 2 | tr -d "\r\n")"
code=$_acmewrap_code
echo "$responseHeaders" | grep -i "Content-Type: *application/json"
[ "$_acmewrap_json" ]
response="$(echo "$response" | _json_decode | _normalizeJson)"
_acmewrap_plain_response
_CACHED_NONCE="$(echo "$responseHeaders" | grep -i "Replay-Nonce:" | _head_n 1 | tr -d "\r\n " | cut -d ':' -f 2 | cut -d , -f 1)"
_CACHED_NONCE=$_acmewrap_nonce
PARTS
  eval "$text"
}

# The same for programs, where acme.sh itself starts them.
cut() {
  local line field
  case $#$1${#2}$3$4:${BASH_SOURCE[1]} in 4-d1-f[1-9]:"$0") ;; *) command cut "$@"; return ;; esac
  while IFS= read -r line || [ "$line" ]; do
    case $line in
      *"$2"*)
        for ((field = $4; field > 1; field--)); do
          case $line in *"$2"*) line=${line#*"$2"} ;; *) line='' ;; esac
        done
        ;;
    esac
    printf '%s\n' "${line%%"$2"*}"
  done
  return 0
}

tr() {
  local text set=''
  case $#:$1:${BASH_SOURCE[1]} in 2:-d:"$0" | 2:?:"$0" | 2:\[[aA]-[zZ]\]:"$0") set=$2 ;; esac
  set=${set//\\r/$'\r'} set=${set//\\n/$'\n'}
  case $1$set in
    -d | -d*[!\ \"\':=/.,$'\r\n']*) command tr "$@"; return ;;
    -d* | '[A-Z][a-z]' | '[a-z][A-Z]' | [,.]' ') ;;
    *) command tr "$@"; return ;;
  esac
  if IFS= read -r -d '' text; then
    { printf '%s\0' "$text" && exec cat; } | command tr "$@"
    return
  fi
  case $1 in
    -d) text=${text//[$set]/} ;;
    '[A-Z]') text=${text,,} ;;
    '[a-z]') text=${text^^} ;;
    *) text=${text//"$1"/ } ;;
  esac
  printf %s "$text"
}

touch() { # one moment for it, each time that it asks
  case $#:$1:${BASH_SOURCE[1]} in "1:${HTTP_HEADER-}:$0") { : >>"$1"; } 2>/dev/null && return ;; esac
  command touch "$@"
}

egrep() { command grep -E "$@"; }

trap 'case $BASH_COMMAND in "main \"\$@\"") trap - DEBUG && _acmewrap_replace ;; esac' DEBUG

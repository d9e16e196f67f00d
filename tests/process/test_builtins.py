"""The functions of ``templates/builtins.sh`` beside those of the real acme.sh that they take the place of, fed with the same."""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
from pathlib import Path
from random import Random
from typing import Iterator, List, Tuple

import pytest

from acmewrap.driver.concealment import poll_places
from acmewrap.system import resources
from releases import AcmeShRelease

# acme.sh without its last line, which starts it; then its own functions have the prefix, and the programs are asked as such.
SCRIPT = r"""
cd "$FOLDER"
{acme_sh}
{builtins}
main() {{ :; }}
main "$@"
[ -z "$(trap -p DEBUG)" ] || echo 'they were not replaced'
same() {{ # same FUNCTION WORD...: with what "given" is; output, code, and the files named in "files"
  local function=$1 own=_acmewrap_own$1 expected actual
  case $function in _*) ;; *) own="command $function" ;; esac
  shift
  rm -f -- conf
  [ -z "$conf" ] || printf %b "$conf" >conf
  expected=$(printf %b "$given" | $own "$@" 2>&1 | od -c; echo "${{PIPESTATUS[1]}}"; cat conf 2>/dev/null; printf .)
  rm -f -- conf
  [ -z "$conf" ] || printf %b "$conf" >conf
  actual=$(printf %b "$given" | $function "$@" 2>&1 | od -c; echo "${{PIPESTATUS[1]}}"; cat conf 2>/dev/null; printf .)
  [ "$expected" = "$actual" ] || printf '%q of %q:\n%s\nby acme.sh\n%s\n' "$function $*" "$given$conf" "$actual" "$expected"
}}
given='' conf=''
{cases}
echo done
"""
TEXTS = r"""
texts=(TEXTS)
parts=(abc b '' . a.c '^abc' c\$ '*' - -n '"status":"valid"' two $'two\nxyz' one '[x]' x] '\.' \\ 'a\tb' é '"success": *true')
for text in "${texts[@]}"; do
  for part in "${parts[@]}"; do
    for name in _contains _startswith _endswith; do
      $name "$text" "$part"; actual=$?
      _acmewrap_own$name "$text" "$part"; expected=$?
      [ $actual = $expected ] || printf '%s %q %q: %s, not %s\n' $name "$text" "$part" $actual $expected
    done
  done
done
"""
FILTERS = r"""
for given in GIVEN; do
  for words in _url_replace _base64 '_base64 multiline' '_head_n 1' '_head_n 2' '_tail_n 1' '_tail_n 2' _h2b _json_decode \
    _normalizeJson \
    'cut -d : -f 1' 'cut -d : -f 2' 'cut -d : -f 4' 'cut -d : -f 2-' 'cut -d , -f 1' 'tr -d \r\n' 'tr -d :' 'tr -d "' \
    'tr -d [0-9]' \
    'tr [A-Z] [a-z]' 'tr [a-z] [A-Z]' 'tr , :' 'tr -s /' 'egrep -o [a-z]+'; do
    same $words
  done
  same tr , ' '; same tr . ' '; same tr -d ' \r\n'; same tr -d ''; same cut -d ' ' -f 2; same cut -d '' -f 1
done
given='a\0b:\0'; same tr -d :; same _base64
for given in '{\n   "a" : "b",\n "c":  {"d": [1, 2]}\r\n}\n' '{"a":"\\/b","c": ["d"]}' '{\n  "a": "b: \\"c\\"",\n   \n}'  \
  '  {"x": ": {"}' \
  '{"url": "https:\\/\\/x"}\n\n' '{"n": 1,\n"o": {}}'; do
  same _json_decode; same _normalizeJson
done
given=''
for name in nas.example.com '*.example.com' 192.0.2.1 192.0.2.256 1.2.3 1 '' 2001:db8::1 xn--e1a.example \
  müller.example a_b 300.1.1.1 'a b'; do
  same _is_idn "$name"; same _isIPv4 "$name"
done
"""
FILES = r"""
for conf in CONF; do
  for value in "'new'" "''" "'a&b'" "'a|b'" "'a\\b'" "'https://x/y?z=1'"; do same _setopt conf A = "$value"; done
  same _setopt conf A = 1 ';'; same _setopt conf 'A.' = 1; same _setopt conf A ' ' 1; same _setopt conf '' = 1
  same _clear_conf conf A; same _clear_conf conf C; same _clear_conf conf ''
done
conf=''
"""
KEYS = r"""
__ECC_KEY_LEN=256
_acmewrap_jws 3007020200ff02017f && [ "$REPLY" = "$(printf '%062dff%062d7f' 0 0)" ] || echo "short numbers: $REPLY"
for der in '' 30 3007020200ff0201 3007020200ff 3009020200ff020101020101 unable; do
  ! _acmewrap_jws "$der" || echo "$der: $REPLY"
done
for kind in KINDS; do
  set -- $kind
  case $1 in
    ec) openssl ecparam -name "$3" -genkey -out params; grep -A99 'BEGIN EC PRIVATE' params >key ;;
    rsa) openssl genrsa -traditional -out key "$3" 2>/dev/null; cp key params ;;
  esac
  openssl pkcs8 -topk8 -nocrypt -in key -out pkcs8
  cat key pkcs8 >both
  openssl pkey -in key -pubout -out public
  for file in key params pkcs8 both public missing; do
    for name in _isRSA _isEcc; do
      $name $file >/dev/null 2>&1; actual=$?
      _acmewrap_own$name $file >/dev/null 2>&1; [ $? = $actual ] || echo "$name $file: $actual"
    done
  done
  [ $1 = ec ] || { _acmewrap_sign message key && [ "$_sig_t" = "$(printf message | _sign key sha256)" ] || echo "$kind"; continue; }
  __ECC_KEY_LEN=$2
  for number in {1..KEYS}; do
    for sign in _sign _acmewrap_sign; do
      _acmewrap_sign "message $number" key
      [ $sign = _acmewrap_sign ] || _sig_t=$(printf %s "message $number" | _sign key sha256)
      base64 -d <<<"$_sig_t" >raw
      half=$(($(wc -c <raw) / 2))
      hex=$(od -An -v -tx1 raw | tr -d ' \n')
      printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${hex:0:2*half}" "${hex:2*half}" >conf.asn1
      openssl asn1parse -genconf conf.asn1 -noout -out der
      printf %s "message $number" | openssl dgst -sha$2 -verify public -signature der >verified ||
        { echo "$sign $kind:"; cat verified; }
      [ $half = $((($2 + ($2 == 512 ? 9 : 0) + 7) / 8)) ] || echo "$sign $kind: $half bytes"
    done
  done
done
"""
# Prints all that a request leaves behind, and what it is made of. After a pause the authority has nothing to say.
REQUESTS = r"""
_post() {{ printf 'post %q\n' "$@" >&2; printf %b "$headers" >"$HTTP_HEADER"; printf %b "$answer"; }}
_sleep() {{ echo "slept $1"; headers='HTTP/1.1 400\r\n' answer=''; }}
[ -f key ] || openssl genrsa -traditional -out key 2048 2>/dev/null # its signatures are the same each time
declare -f _send_signed_request >function
ACCOUNT_KEY_PATH=key HTTP_HEADER=http.header ACME_NEW_NONCE=https://ca.test/nonce ACCOUNT_URL=https://ca.test/account/1
LOG_FILE=log LOG_LEVEL=2 NO_TIMESTAMP=1
request() {{ # request HEADERS ANSWER PAYLOAD
  headers=$1 answer=$2 _CACHED_NONCE=first
  _send_signed_request https://ca.test/order "$3" 2>&1
  echo "$?"
  declare -p payload64 protected64 _sig_t sig body response responseHeaders code _CACHED_NONCE _request_retry_times
}}
{requests}
cat log
"""
BUILTINS = resources.read_text("templates/builtins.sh")
GIVEN = {
    "TEXTS": (
        r"""abc '' '-n' $'one\ntwo\nthree' 'C:\dir'""",
        r"""a.c '-nab' --issue '"status":"valid"' 'a*b' '[x]' $'a\tb' 'é'""",
    ),
    "GIVEN": (
        r"""' a : b:c:\r\n::d\n' 4a6F""",
        r"""'' 'a\n' 'ab/c+d==' 'one\ntwo\nthree\n' 'one\n\n\n' '\n\nend' '4a6' 00ff80 xyz""",
    ),
    "CONF": (
        r"""'' 'A=x\nAB=y\nA=z\n'""",
        r"""'A=1' '#A=1\nB=2\n' 'A=1\n\n\n' '\n' 'A =1\n' "A='\x26|'\n" "A='1'\nB='2'\n" """,
    ),
    "KINDS": ('"ec 256 prime256v1"', '"ec 384 secp384r1" "ec 512 secp521r1" "rsa 0 2048"'),
    "KEYS": ("2", "10"),
}


def run(acme_sh: AcmeShRelease, folder: Path, cases: str, builtins: str = BUILTINS) -> str:
    lines = (acme_sh.path / "acme.sh").read_text(encoding="utf-8").rstrip().splitlines()
    assert lines.pop() == 'main "$@"'
    script = folder / "script"
    text = SCRIPT.format(acme_sh="\n".join(lines), builtins=builtins, cases=cases)
    script.write_text(text, encoding="utf-8")
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "FOLDER": str(folder),
        "HOME": str(folder),
    }
    done = subprocess.run(
        ["bash", str(script)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("more", [0, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "the others"])
@pytest.mark.parametrize("cases", [TEXTS, FILTERS, FILES, KEYS], ids=["texts", "filters", "files", "keys"])
def test_each_does_what_that_of_the_release_does(acme_sh: AcmeShRelease, tmp_path: Path, cases: str, more: int) -> None:
    for word, given in GIVEN.items():
        cases = cases.replace(word, given[more])
    assert run(acme_sh, tmp_path, cases) == "done\n"
    assert poll_places(hashlib.sha256((acme_sh.path / "acme.sh").read_bytes()).hexdigest())


ANSWERS = [
    (
        r"HTTP/1.1 200 OK\r\nReplay-Nonce: n0:x\r\nReplay-Nonce: n1\r\nContent-Type: application/json\r\n\r\n",
        r'{\n "a" : "b\\/c"}\n',
        "{}",
    ),
    (
        r"HTTP/2 201 \r\nreplay-nonce:a, b:c\r\ncontent-type:  application/json; x\r\n\r\n",
        '{"a": {"b": []}}',
        "",
    ),
    (r"HTTP/2 403\r\nContent-Type: application/problem+json\r\n", "anti-replay nonce is not", '{"csr": "Zg"}'),
    ("", "", "???~~~ab"),
]
HEADERS = [
    *(
        "HTTP/1.1 200 OK",
        "HTTP/2 201",
        "HTTP",
        "http/2 404",
        " HTTP/2 500",
        "Replay-Nonce: ab_c",
        "X-REPLAY-NONCE:x:y,z",
    ),
    *(
        "Replay-Nonce",
        "replay-nonce: ,b",
        "Date: Replay-Nonce: t",
        "Content-Type: application/json",
        "x",
        "é",
        "*",
        " ",
    ),
    *("content-type:application/json;x", r"Content-Type:\tapplication/json", "Retry-After: 3", "Retry-After: x", "-n"),
    *(r"\\", ":", r"\r", *(r"\r\n", r"\n") * 4),
]
BODIES = [
    *(
        "{",
        "}",
        "[",
        '"a" : "b"',
        '"a":  {',
        '"a": {',
        '"a": "b"',
        '": ":',
        '"',
        "'",
        '"status":"valid"',
        r"\\/",
        r"\\",
    ),
    *(r"\n", r"\r\n", r"\t", r"\\n", " ", "-n", "-e", "é", "&", "*", "$(id)", "`id`", "%s"),
    "JWS has an invalid anti-replay nonce",
]


def fuzzed(seed: str, count: int) -> Iterator[Tuple[str, str, str]]:
    random = Random(seed)
    for _ in range(count):
        start = random.choice(["", r"HTTP/1.1 200 OK\r\n", r"HTTP/1.1 503 \r\n"])
        words = (
            random.choices(of, k=random.randint(0, most)) for of, most in ((HEADERS, 12), (BODIES, 12), (BODIES, 5))
        )
        headers, body, payload = ("".join(some) for some in words)
        yield start + headers, random.choice(["", "{"]) + body, payload


def _comparable(said: str) -> List[str]:
    """Without the lines of the script in errors of bash, and what acme.sh takes where xxd(1) is missing."""
    lines = re.sub(r"/script: line \d+: ", "", said).splitlines()
    return [line for line in lines if line not in ("_URGLY_PRINTF", "xargs")]


@pytest.mark.parametrize("count", [0, pytest.param(12, marks=pytest.mark.slow)])
def test_a_request_is_that_of_the_release(acme_sh: AcmeShRelease, tmp_path: Path, count: int) -> None:
    requests = [*fuzzed(acme_sh.version, count)] or ANSWERS
    cases = REQUESTS.format(requests="\n".join(f"request {' '.join(map(shlex.quote, words))}" for words in requests))
    own = run(acme_sh, tmp_path, cases, builtins="")
    (tmp_path / "log").unlink()
    said = run(acme_sh, tmp_path, cases)
    assert _comparable(said) == _comparable(own)
    parts = BUILTINS.partition("<<'PARTS'\n")[2].partition("\nPARTS\n")[0].splitlines()
    function = (tmp_path / "function").read_text(encoding="utf-8")
    for theirs, ours in zip(parts[::2], parts[1::2]):
        assert theirs not in function
        assert ours in function

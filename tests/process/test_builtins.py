"""The functions of ``templates/builtins.sh`` beside those of the real acme.sh that they take the place of, fed with the same."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

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
  [ $1 = ec ] || { given=message; same _sign key sha256; same _sign key; given=''; continue; }
  __ECC_KEY_LEN=$2
  for number in {1..KEYS}; do
    for sign in _sign _acmewrap_own_sign; do
      printf %s "message $number" | $sign key sha256 | base64 -d >raw
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


@pytest.mark.parametrize("more", [0, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "the others"])
@pytest.mark.parametrize("cases", [TEXTS, FILTERS, FILES, KEYS], ids=["texts", "filters", "files", "keys"])
def test_each_does_what_that_of_the_release_does(acme_sh: AcmeShRelease, tmp_path: Path, cases: str, more: int) -> None:
    for word, given in GIVEN.items():
        cases = cases.replace(word, given[more])
    lines = (acme_sh.path / "acme.sh").read_text(encoding="utf-8").rstrip().splitlines()
    assert lines.pop() == 'main "$@"'
    script = tmp_path / "script"
    text = SCRIPT.format(acme_sh="\n".join(lines), builtins=resources.read_text("templates/builtins.sh"), cases=cases)
    script.write_text(text, encoding="utf-8")
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "FOLDER": str(tmp_path),
        "HOME": str(tmp_path),
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
    assert (done.stdout, done.stderr) == ("done\n", "")
    assert poll_places(hashlib.sha256((acme_sh.path / "acme.sh").read_bytes()).hexdigest())

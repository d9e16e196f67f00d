"""The wrapper script as text; tests/process runs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acmewrap.driver.wrapper_script import IDENTITY, Wrapper, read_own
from acmewrap.errors import AccessError, AcmewrapError
from acmewrap.secrets import (
    CommandReference,
    CredentialReference,
    EnvironmentReference,
    FileReference,
    InlineSecret,
    Secret,
)
from acmewrap.system import resources

WRAPPER = Wrapper(
    path=Path("/srv/acme/acme.sh"),
    source=Path("/srv/acme/acmewrap.yaml"),
    directory=Path("/srv/acme"),
    program=Path("/srv/acme/src/acme.sh"),
    version="3.1.1",
    home=Path("/srv/acme/.acme.sh"),
    server="https://pki.example.com:9000/acme/directory",
    ca_bundle=Path("/srv/acme/ca.crt"),
    email="ops@example.com",
    variables=(
        (
            "synology_dsm",
            {
                "SYNO_USERNAME": "certupdater",
                "SYNO_PASSWORD": FileReference(Path("/srv/acme/dsm.password")),
                "SYNO_CERTIFICATE": "it's $mine",
            },
        ),
        ("dns_x", {"X_Token": CommandReference(("pass", "show me", "it's")), "X_Key": EnvironmentReference("MY_KEY")}),
    ),
)

GOLDEN = r"""#!/bin/bash
# acmewrap wrapper script, version 3
# Rendered from /srv/acme/acmewrap.yaml; changes here are lost at the next `acmewrap render`.
# acme.sh 3.1.1 with the homes, the authority and the hooks' variables of that file. It holds no secret itself:
# each is read from where the file says, whenever this script runs. Other values are meant to the letter:
# shellcheck disable=SC2016,SC2089,SC2090
set -u
umask 077
unset _SCRIPT_HOME ACCOUNT_CONF_PATH AUTO_UPGRADE BASH_ENV ENV NO_ARI

# What would put other code in the place of the pinned, or settings in the place of those of the file, is not asked of acme.sh.
for word in "$@"; do
  case $word in
    --upgrade | --auto-upgrade | --branch | -b) remedy='acmewrap upgrade' ;;
    --install | --install-online) remedy='acmewrap install' ;;
    --uninstall) remedy='acmewrap schedule remove' ;;
    --install-cronjob | --installcronjob) remedy='acmewrap apply' ;;
    --uninstall-cronjob | --uninstallcronjob) remedy='acmewrap schedule remove' ;;
    --home | --config-home | --cert-home | --accountconf | --set-notify | --force-upgrade) remedy='acmewrap apply' ;;
    *) continue ;;
  esac
  echo "$0: $word is not for this acme.sh, which acmewrap installs, configures and schedules: run \`$remedy\`" >&2
  exit 2
done

# Every file that acme.sh could take for a hook is checked, in the folder that is then used, wherever the link to it leads by then.
program=/srv/acme/src/acme.sh
if [ ! -d "$program" ]; then
  echo "$0: acme.sh is not installed in $program: run \`acmewrap install\`" >&2
  exit 6
fi
while link=$(readlink "$program"); do
  case $link in /*) program=$link ;; *) program=${program%/*}/$link ;; esac
done
checksum() (
  export LC_ALL=C
  shopt -s nullglob dotglob
  cd -- "$program" || exit
  for path in * */*; do
    name=${path##*/}
    case $path in
      Dockerfile | deploy/README.md | dnsapi/README.md | notify/README.md) continue ;;
      deploy/* | dnsapi/* | notify/*) ;;
      *) case ${name%.sh} in *[!A-Za-z0-9_]*) continue ;; esac ;;
    esac
    if [ -L "$path" ]; then
      echo "$path is a link" && continue
    elif [ -f "$path" ]; then
      set -- "$@" "$path"
    fi
  done
  sha256sum -- "$@" </dev/null 2>/dev/null | sha256sum
)
if ! command -v sha256sum >/dev/null; then
  echo "$0: acme.sh is not checked: this machine has no sha256sum" >&2
elif [ "$(checksum)" != '082c5e01cc57780388b89e106bab395410a256ef570f2cf3dd98f3d887b081e8  -' ]; then
  echo "$0: $program is not acme.sh 3.1.1 as pinned, and is not run: \`acmewrap doctor\` names the files" >&2
  exit 6
fi

if [ -z "${HOME-}" ]; then HOME=/srv/acme; fi
if [ -z "${USER-}" ]; then USER=$(id -un); fi
export HOME USER
export CA_HOME=/srv/acme/.acme.sh/ca/pki.example.com_9000
export NO_ARI=1 # acmewrap asks the authority when to renew
SYNO_USERNAME=certupdater
export SYNO_USERNAME
SYNO_PASSWORD="$(cat -- /srv/acme/dsm.password)" || echo "$0: SYNO_PASSWORD cannot be read" >&2
export SYNO_PASSWORD
SYNO_CERTIFICATE='it'"'"'s $mine'
export SYNO_CERTIFICATE
X_Token="$(pass 'show me' 'it'"'"'s')" || echo "$0: X_Token cannot be read" >&2
export X_Token
X_Key="$(printenv MY_KEY)" || echo "$0: X_Key cannot be read" >&2
export X_Key

# What the authority answers, and every configuration that acme.sh runs, goes through this: bash reads it before acme.sh.
exec 9<<'GUARD'
_acmewrap_polls='waittimes:5120 _link_cert_retry:5192 _link_cert_retry:5194' _acmewrap_deadline=600
(templates/guard.sh)
exec 9<&-
unset BASH_ENV
rm -f -- "$ACMEWRAP_HOME/http.header"
mkdir -p -- "$ACMEWRAP_HOME" && : >>"$ACMEWRAP_HOME/account.conf" # the first that acme.sh runs
_acmewrap_require_plain "$ACMEWRAP_HOME/account.conf"
_acmewrap_require_plain "$ACMEWRAP_ACCOUNT/ca.conf"
for REPLY in "$ACMEWRAP_HOME"/*; do
  REPLY=${REPLY##*/}
  _acmewrap_require_plain "$ACMEWRAP_HOME/$REPLY/${REPLY%_ecc}.conf"
done
for REPLY in "$ACMEWRAP_ACCOUNT/ca.conf" "$ACMEWRAP_HOME/account.conf" "$ACMEWRAP_HOME"/*/*.conf; do # saved by another acme.sh
  if grep -qE "^($_acmewrap_unkept)" "$REPLY" 2>/dev/null; then
    grep -vE "^($_acmewrap_unkept)" "$REPLY" >"$REPLY.part" && mv -f -- "$REPLY.part" "$REPLY"
  fi
done
unset ACMEWRAP_HOME ACMEWRAP_ACCOUNT
GUARD
[ -r /dev/fd/9 ] || exit 78
unset POSIXLY_CORRECT
export BASH_ENV=/dev/fd/9
export ACMEWRAP_HOME=/srv/acme/.acme.sh
export ACMEWRAP_ACCOUNT=/srv/acme/.acme.sh/ca/pki.example.com_9000/pki.example.com/acme/directory

exec /bin/bash "$program/acme.sh" \
  --home "$program" \
  --config-home /srv/acme/.acme.sh \
  --cert-home /srv/acme/.acme.sh \
  --server https://pki.example.com:9000/acme/directory \
  --ca-bundle /srv/acme/ca.crt \
  --accountemail ops@example.com \
  "$@"
"""


def test_the_script_is_as_expected() -> None:
    assert WRAPPER.render().replace(resources.read_text("templates/guard.sh"), "(templates/guard.sh)") == GOLDEN


def test_what_is_not_configured_is_not_given() -> None:
    text = replace(WRAPPER, ca_bundle=None, email=None, variables=()).render()
    assert "--ca-bundle" not in text
    assert "--accountemail" not in text
    assert "SYNO" not in text
    assert text.endswith('  "$@"\n')


@pytest.mark.parametrize(
    ("version", "name"), [("3.0.2", "SYNO_Password"), ("3.0.7", "SYNO_Password"), ("3.0.9", "SYNO_PASSWORD")]
)
def test_variables_are_spelled_as_the_release_reads_them(version: str, name: str) -> None:
    assert f"export {name}\n" in replace(WRAPPER, version=version).render()


def test_a_secret_of_the_yaml_file_is_left_out_with_a_word_about_it() -> None:
    variables = (("ssh", {"DEPLOY_SSH_PASSWORD": InlineSecret(Secret("hunter2"))}),)
    text = replace(WRAPPER, variables=variables).render()
    assert "hunter2" not in text
    assert "# DEPLOY_SSH_PASSWORD stands in the YAML file itself" in text
    assert "export DEPLOY_SSH_PASSWORD" not in text


def test_a_credential_of_systemd_is_read_from_its_folder() -> None:
    text = replace(WRAPPER, variables=(("ssh", {"X": CredentialReference("dsm")}),)).render()
    assert 'X="$(cat -- "${CREDENTIALS_DIRECTORY-}"/dsm)"' in text


def test_two_hooks_that_want_one_variable_get_the_value_of_the_first() -> None:
    text = replace(WRAPPER, variables=(("a", {"X": "1"}), ("b", {"X": "2", "Y": "3"}))).render()
    assert "X=1\n" in text
    assert "X=2" not in text
    assert "Y=3\n" in text


def test_a_path_cannot_leave_its_remark() -> None:
    text = replace(WRAPPER, source=Path("/srv/x\ntouch /tmp/y\n")).render()
    assert not [line for line in text.splitlines() if line.startswith("touch")]


def test_our_own_script_is_recognised_also_in_another_version(tmp_path: Path) -> None:
    path = tmp_path / "acme.sh"
    assert read_own(path) is None
    path.write_text(WRAPPER.render(), encoding="utf-8")
    assert read_own(path) == WRAPPER.render()
    older = WRAPPER.render().replace(IDENTITY, "acmewrap wrapper script, version 0")
    path.write_text(older, encoding="utf-8")
    assert read_own(path) == older


@pytest.mark.parametrize("content", ["", "#!/bin/sh\necho mine\n", "\n" * 500 + IDENTITY])
def test_what_somebody_else_wrote_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "acme.sh"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AccessError) as caught:
        read_own(path)
    assert caught.value.id == "file.foreign"
    assert f"mv {path} {path}.before" in caught.value.remedy
    assert path.read_text(encoding="utf-8") == content


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccessError):
        read_own(tmp_path)


def test_one_that_a_later_version_wrote_is_not_rendered_over(tmp_path: Path) -> None:
    path = tmp_path / "acme.sh"
    path.write_text(WRAPPER.render().replace(IDENTITY, "acmewrap wrapper script, version 99"), encoding="utf-8")
    with pytest.raises(AcmewrapError) as caught:
        read_own(path)
    assert caught.value.id == "wrapper.newer"


def test_the_authority_is_asked_when_to_renew_by_the_scheduler_alone() -> None:
    assert "export NO_ARI=1" in WRAPPER.render()
    assert "export NO_ARI=1" not in replace(WRAPPER, scheduled=True).render()

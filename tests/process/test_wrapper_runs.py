"""The wrapper script as a shell takes it: from any folder, with no environment at all, with any password."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

import pytest

from acmewrap.driver.wrapper_script import Wrapper
from acmewrap.secrets import CommandReference, CredentialReference, EnvironmentReference, FileReference, Reference
from acmewrap.testing.counterpart import find_program

PASSWORDS = (
    "'\"$&\\ %",
    "  two blanks  ",
    "$(id) `id` ${HOME} !! * ? ~",
    "-n",
    "a;b|c>d<e(f)#g",
    "pässwörd",
    "line one\nline two",
)
DUMP = """#!/bin/sh
printf '%s\\0' "$@" >{here}/argv
env -0 >{here}/env
pwd >{here}/cwd
umask >{here}/umask
tr '\\0' ' ' </proc/$$/cmdline >{here}/cmdline
exit 7
"""


@pytest.fixture
def wrapper(tmp_path: Path) -> Wrapper:
    base = tmp_path / "it's a $folder"
    program = base / "src" / "acme.sh"
    program.mkdir(parents=True)
    (program / "acme.sh").write_text(DUMP.format(here=shlex.quote(str(program))), encoding="utf-8")
    return Wrapper(
        path=base / "acme.sh",
        source=base / "acmewrap.yaml",
        directory=base,
        program=program,
        version="3.1.1",
        home=base / ".acme.sh",
        server="https://ca.example.com/acme/directory",
        ca_bundle=base / "ca.crt",
        files={"acme.sh": hashlib.sha256((program / "acme.sh").read_bytes()).hexdigest()},
    )


def start(wrapper: Wrapper, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The rendered script, from ``/`` and with nothing set but *environ*."""
    wrapper.path.write_text(wrapper.render(), encoding="utf-8")
    wrapper.path.chmod(0o700)
    assignments = [f"{name}={value}" for name, value in environ.items()]
    return subprocess.run(
        ["env", "-i", *assignments, str(wrapper.path), *arguments],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def run(wrapper: Wrapper, *arguments: str, **environ: str) -> Tuple[List[str], Dict[str, str], str]:
    """Arguments and environment that acme.sh got, and what was said; from ``/``, with nothing set but *environ*."""
    done = start(wrapper, *arguments, **environ)
    assert done.returncode == 7
    argv, env = ((wrapper.program / name).read_bytes().decode("utf-8").split("\0")[:-1] for name in ("argv", "env"))
    return (
        argv,
        {name: value for name, _, value in (entry.partition("=") for entry in env)},
        done.stdout.decode("utf-8"),
    )


def variables(wrapper: Wrapper, reference: Reference) -> Wrapper:
    return replace(wrapper, variables=(("synology_dsm", {"SYNO_PASSWORD": reference, "SYNO_USERNAME": "certupdater"}),))


def test_acme_sh_gets_its_homes_and_every_argument_as_it_was_given(wrapper: Wrapper) -> None:
    arguments = ["--deploy", "-d", "*.example.com", "a b", "", "$x 'y'"]
    argv, environment, said = run(wrapper, *arguments)
    assert argv[-6:] == arguments
    assert argv[:-6] == [
        *("--home", str(wrapper.program)),
        *("--config-home", str(wrapper.home)),
        *("--cert-home", str(wrapper.home)),
        *("--server", wrapper.server),
        *("--ca-bundle", str(wrapper.ca_bundle)),
    ]
    assert environment["HOME"] == str(wrapper.directory)
    assert environment["USER"]
    assert environment["CA_HOME"] == str(wrapper.home / "ca" / "ca.example.com_443")
    assert (wrapper.program / "cwd").read_text(encoding="utf-8") == "/\n"
    assert (wrapper.program / "umask").read_text(encoding="utf-8") == "0077\n"
    assert said == ""


@pytest.mark.parametrize(
    "path",
    [
        *("deploy/ssh", "deploy/ssh.sh", "ssh", "nas.example.com/ssh.sh", "2001:db8::1/ssh", "acme.sh"),
        *("deploy/my-hook.sh", "dnsapi/.own.sh"),
    ],
)
def test_code_that_is_not_pinned_keeps_acme_sh_from_starting(wrapper: Wrapper, path: str) -> None:
    (wrapper.program / path).parent.mkdir(exist_ok=True)
    with (wrapper.program / path).open("a", encoding="utf-8") as stream:
        stream.write("touch canary\n")
    done = start(wrapper, "--deploy")
    assert (done.returncode, (wrapper.program / "argv").exists()) == (6, False)
    assert f"{wrapper.program} is not acme.sh 3.1.1 as pinned" in done.stdout.decode()


def test_a_release_that_is_not_installed_is_said(wrapper: Wrapper) -> None:
    shutil.rmtree(str(wrapper.program))
    done = start(wrapper, "--cron")
    assert (done.returncode, "acme.sh is not installed" in done.stdout.decode()) == (6, True)


def test_acme_sh_gets_the_folder_behind_the_link_and_no_folder_from_outside(wrapper: Wrapper) -> None:
    real = wrapper.program.rename(wrapper.program.with_name("acme.sh-3.1.1"))
    wrapper.program.symlink_to("acme.sh-3.1.1")
    argv, environment, _ = run(wrapper, "--cron", _SCRIPT_HOME="/elsewhere", PATH=os.environ["PATH"])
    assert argv[:2] == ["--home", str(real)]
    assert "_SCRIPT_HOME" not in environment


def test_a_home_and_a_user_that_are_set_stay(wrapper: Wrapper) -> None:
    _, environment, _ = run(wrapper, HOME="/root", USER="somebody", PATH=os.environ["PATH"])
    assert (environment["HOME"], environment["USER"]) == ("/root", "somebody")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("kind", ["file", "env", "command", "credential", "literal text"])
def test_a_password_arrives_unchanged_and_rests_nowhere(
    wrapper: Wrapper, tmp_path: Path, kind: str, password: str
) -> None:
    path = tmp_path / "it's the $password"
    path.write_text(f"{password}\n", encoding="utf-8")
    given: Mapping[str, Reference] = {
        "file": FileReference(path),
        "env": EnvironmentReference("MY_PASSWORD"),
        "command": CommandReference(("cat", str(path))),
        "credential": CredentialReference(path.name),
    }
    if kind == "literal text":
        wrapper = replace(wrapper, variables=(("x", {"SYNO_PASSWORD": password}),))
    else:
        code = wrapper.render().count(password)  # "-n" is in that as well
        wrapper = variables(wrapper, given[kind])
        assert wrapper.render().count(password) == code
    path_given = {"PATH": os.environ["PATH"], "MY_PASSWORD": password, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    argv, environment, said = run(wrapper, "--cron", **path_given)
    assert environment["SYNO_PASSWORD"] == password
    assert said == ""
    assert password not in argv
    assert password not in (wrapper.program / "cmdline").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "reference",
    [
        FileReference(Path("/nowhere/password")),
        EnvironmentReference("NOBODY_SET_THIS"),
        CommandReference(("false",)),
        CredentialReference("dsm"),
    ],
)
def test_a_secret_that_cannot_be_read_is_said_and_the_rest_goes_on(wrapper: Wrapper, reference: Reference) -> None:
    argv, environment, said = run(variables(wrapper, reference), "--list", PATH=os.environ["PATH"])
    assert argv[-1] == "--list"
    assert environment["SYNO_PASSWORD"] == ""
    assert f"{wrapper.path}: SYNO_PASSWORD cannot be read" in said


@pytest.mark.parametrize(("version", "name"), [("3.0.2", "SYNO_Password"), ("3.1.1", "SYNO_PASSWORD")])
def test_the_hook_finds_its_variables_under_the_names_of_its_release(
    wrapper: Wrapper, tmp_path: Path, version: str, name: str
) -> None:
    (tmp_path / "password").write_text("hunter2\n", encoding="utf-8")
    script = replace(variables(wrapper, FileReference(tmp_path / "password")), version=version)
    _, environment, _ = run(script, "--cron", PATH=os.environ["PATH"])
    assert {key: value for key, value in environment.items() if "ASSWORD" in key.upper()} == {name: "hunter2"}


@pytest.mark.parametrize("command", [["bash", "-n"], ["sh", "-n"], ["shellcheck"]], ids=" ".join)
@pytest.mark.parametrize("version", ["3.0.2", "3.1.1"])
def test_checkers_of_shell_scripts_are_content(wrapper: Wrapper, command: List[str], version: str) -> None:
    every: Mapping[str, Reference] = {
        "A": FileReference(Path("/srv/it's $x")),
        "B": EnvironmentReference("B"),
        "C": CommandReference(("pass", "show", "a b")),
        "D": CredentialReference("d"),
    }
    hooks = (("synology_dsm", {**every, "SYNO_USERNAME": 'it\'s $me & "you"'}),)
    for script in (wrapper, replace(wrapper, version=version, variables=hooks, email="ops@example.com")):
        script.path.write_text(script.render(), encoding="utf-8")
        program = find_program(command[0], command[0])
        done = subprocess.run(
            [program, *command[1:], str(script.path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert (done.returncode, done.stdout.decode()) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ("--upgrade",),
        ("--cron", "--auto-upgrade", "1"),
        ("--install-cronjob",),
        ("--installcronjob",),
        ("--uninstall-cronjob",),
        ("--install",),
        ("--uninstall",),
        ("--set-notify", "--notify-hook", "mail"),
        ("--cron", "--home", "/tmp/other"),
        ("--list", "--config-home", "/tmp/other"),
    ],
)
def test_what_would_undo_the_pin_or_the_schedule_is_refused_with_the_right_command(
    wrapper: Wrapper, words: Tuple[str, ...]
) -> None:
    done = start(wrapper, *words)
    assert done.returncode == 2
    said = done.stdout.decode("utf-8")
    assert re.search(r"run `acmewrap (?:apply|install|upgrade|schedule remove)`$", said.strip()), said
    assert not (wrapper.program / "argv").exists()


def test_no_setting_of_a_hook_is_kept_whatever_characters_it_has_and_none_that_weakens_later_runs(
    wrapper: Wrapper,
) -> None:
    """The functions of acme.sh 3.1.1 that save, and a hook as there are many."""
    saves = (
        "_save_conf() { printf '%s\\n' \"$2='$3'\" >>\"$1\"; }\n"
        '_savedomainconf() { _save_conf "$DOMAIN_CONF" "$@"; }\n'
        '_savedeployconf() { _savedomainconf "SAVED_$1" "$2"; }\n'
        f"DOMAIN_CONF={shlex.quote(str(wrapper.home / 'd.conf'))}\n"
        f". {shlex.quote(str(wrapper.home / 'account.conf'))}\n"
        "for value in \"Zx9'q\" 'plain' '$(id)'; do\n"
        '  _savedeployconf SYNO_PASSWORD "$value"\n'
        '  _save_conf "$DOMAIN_CONF" DO_API_KEY "$value"\n'
        '  _savedomainconf Le_PFXPassword "$value"\n'
        "done\n"
        "for name in HTTPS_INSECURE CA_PATH CA_BUNDLE LOG_FILE LOG_LEVEL SYS_LOG ACME_OPENSSL_BIN ACME_USE_WGET; do\n"
        '  _savedomainconf "$name" 1\n'
        "done\n"
        "_savedomainconf Le_Domain nas.internal.test\n"
    )
    script = wrapper.program / "acme.sh"
    script.write_text("#!/bin/bash\n" + saves, encoding="utf-8")
    files = {"acme.sh": hashlib.sha256(script.read_bytes()).hexdigest()}
    done = start(replace(wrapper, files=files))
    assert done.returncode == 0, done.stdout
    assert (wrapper.home / "d.conf").read_text(encoding="utf-8") == "Le_Domain='nas.internal.test'\n"

"""Root at work in a folder that another user owns, who lays links there, exchanges folders, and writes the configuration.

The user is ``nobody``; what root alone may see and change lies beside the folder, and is compared before and after.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Iterator, List

import pytest

from forkserver import forkserver
from synthetic import DAY, Folder, make_certificate
from unprivileged import NOBODY

REPOSITORY = Path(__file__).resolve().parent.parent.parent
NAME = "nas.example.com"
SERVER = "https://127.0.0.1:1/acme/directory"
SECRET = "only root may read this"
CONFIGURATION = """\
directory: {directory}
authorities: {{internal: {{server: "https://127.0.0.1:1/acme/directory"}}}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {{webroot: "{web}"}}
    deploy:
      here:
        install: {{key_file: "{users}/tls/key.pem", fullchain_file: "{users}/tls/full.pem", reload: "id -u >>{users}/who"}}
        verify: no
      proxy:
        hook: haproxy
        env:
          DEPLOY_HAPROXY_PEM_PATH: "{users}/tls"
          DEPLOY_HAPROXY_RELOAD: "id -u >>{users}/who"
          ANYTHING: {{command: [sh, -c, "id -u >>{users}/who; echo value"]}}
        verify: no
"""


def as_root(script: str) -> str:
    words = ["/bin/sh", "-euc", script]
    words = words if os.geteuid() == 0 else ["sudo", "-n", *words]
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd="/").stdout


class Ground:
    """``users`` is the user's folder, with a certificate that is not due; ``roots`` is root's alone; ``etc`` is root's, for all to
    read; ``web`` is the user's webroot.
    """

    def __init__(self, base: Path, staged: Path, acme_sh: Path) -> None:
        self.base, self.users, self.roots = base, base / "users", base / "roots"
        self.etc, self.web, self.config = base / "etc", base / "web", base / "users" / "acmewrap.yaml"
        staged.mkdir()
        shutil.copytree(str(acme_sh), str(staged / "src" / "acme.sh"))
        write_certificate(staged / ".acme.sh", self.web)
        (staged / "tls").mkdir()
        self.write(CONFIGURATION, staged / "acmewrap.yaml")
        as_root(
            f"cd {base}; chmod 711 .; mkdir users web etc; mkdir -m 700 roots roots/home; mkdir -p roots/folder/sub\n"
            f"echo {SECRET} | tee roots/canary roots/folder/key >roots/folder/sub/nas.example.com.conf; chmod 600 roots/canary\n"
            f"cp -R {staged}/. users; chmod 755 users; chown -R {NOBODY}:{NOBODY} users web; chmod 644 users/acmewrap.yaml"
        )

    def write(self, text: str, to: Path, directory: str = ".") -> None:
        to.write_text(text.format(directory=directory, users=self.users, web=self.web), encoding="ascii")

    def roots_own(self, text: str = CONFIGURATION, directory: str = "") -> None:
        """From now on the configuration is root's, outside of the user's folder."""
        self.config = self.etc / "acmewrap.yaml"
        text = text.format(directory=directory or self.users, users=self.users, web=self.web)
        as_root(f"printf %s {shlex.quote(text)} >{self.config}; chmod 644 {self.config}")

    def as_user(self, script: str) -> None:
        as_root(
            f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups sh -euc {shlex.quote(f'cd {self.users}; {script}')}"
        )

    def run(
        self, *words: str, program: str = "-m acmewrap", path: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """acmewrap, as root's cron starts it."""
        variables = {
            "PATH": f"{path}/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.roots / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(REPOSITORY),
            **environment,
        }
        words = ("--config", str(self.config), *words)
        if os.geteuid() == 0 and program == "-m acmewrap":
            done = forkserver().run(words, variables)
            text = (done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
            return subprocess.CompletedProcess(done.args, done.returncode, *text)
        argv = [
            "env",
            "-i",
            *(f"{name}={value}" for name, value in variables.items()),
            sys.executable,
            *program.split(),
            *words,
        ]
        argv = argv if os.geteuid() == 0 else ["sudo", "-n", *argv]
        return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", timeout=120)

    def snapshot(self) -> str:
        """All that is root's: names, owners, modes, links, content."""
        return as_root(
            f"cd {self.base}; find roots etc -printf '%p %U %G %m %y %l %n\\n' | sort; grep -r . roots | sort"
        )

    def leaks(self) -> str:
        """Where the user can read what root alone may."""
        script = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups grep -rls {shlex.quote(SECRET)} {self.users} {self.web}"
        return as_root(f"{script} || true")

    def owners(self, *paths: str) -> List[str]:
        return as_root(f"cd {self.users}; find {' '.join(paths)} -printf '%U\\n' | sort -u").split()

    def who(self) -> List[str]:
        return as_root(f"sort -u {self.users}/who || true").split()


def write_certificate(home: Path, web: Path) -> None:
    now = int(time.time())
    leaf = make_certificate(
        [NAME],
        point=b"\x04" + b"\x01" * 64,
        serial=1,
        subject=NAME,
        issuer="Intermediate",
        begin=now - DAY,
        end=now + 60 * DAY,
    )
    more = f"Le_Webroot='{web}'\nLe_API='{SERVER}'\nLe_Keylength='ec-256'\n"
    found = Folder(domain=NAME, leaf=leaf, chain_end=now + 90 * DAY, next_renewal=now + 30 * DAY, more=more).write(home)
    found.fullchain.write_bytes(leaf + found.chain.read_bytes())


@pytest.fixture
def ground(tmp_path: Path, acme_sh_311: Path) -> Iterator[Ground]:
    base = Path(as_root("mktemp -d /tmp/acmewrap-users-XXXXXX").strip())
    try:
        yield Ground(base, tmp_path / "staged", acme_sh_311)
    finally:
        as_root(f"rm -rf {base}")


def test_an_existing_home_of_the_users_works_without_a_new_certificate(ground: Ground) -> None:
    before = as_root(f"cat {ground.users}/.acme.sh/*/*.cer")
    for words in (("apply",), ("deploy", "--force")):
        done = ground.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert ground.run("apply").stdout == ground.run("cron").stdout == "Nothing to do.\n"
    assert as_root(f"cat {ground.users}/.acme.sh/*/*.cer") == before
    assert ground.owners(".") == [str(NOBODY)]


BOTH = pytest.mark.parametrize("whose", ["the user's file", "root's file"])


@BOTH
def test_what_is_run_from_the_folder_is_run_as_the_user(ground: Ground, whose: str) -> None:
    if whose == "root's file":
        ground.roots_own()
    done = ground.run("deploy", "--force")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ground.who() == [str(NOBODY)]
    assert as_root(f"cat {ground.users}/who").count("\n") == 3  # reload, the hook's reload, the secret's command
    assert ground.owners("tls", "who") == [str(NOBODY)]


LINKS = (
    (".acme.sh", "folder"),
    (".acme.sh/.lock", "canary"),
    (".acme.sh/.ledger.json", "canary"),
    (".acme.sh/.staging", "folder"),
    (".acme.sh/.staging/lock", "canary"),
    (".acme.sh/.versions", "folder"),
    (".acme.sh/.versions/nas.example.com_ecc", "folder"),
    (".acme.sh/ca", "folder"),
    (".acme.sh/more.conf", "folder/sub"),
    (".acme.sh/nas.example.com_ecc", "folder/sub"),
    (".acme.sh/nas.example.com_ecc/more", "canary"),
    (".acme.sh/nas.example.com_ecc/nas.example.com.key", "canary"),
    (".acme.sh/nas.example.com_ecc/nas.example.com.conf", "folder/sub/nas.example.com.conf"),
    ("src", "folder"),
    ("acme.sh", "canary"),
    ("acme.sh", "missing"),
    ("task.log", "canary"),
    ("tls", "folder"),
    ("tls/key.pem", "folder/key"),
    ("tls/full.pem", "missing"),
    ("acmewrap.yaml", "canary"),
    ("../web/.well-known", "folder"),
    ("../web/.well-known/acme-challenge", "folder"),
)


# Of the home, the program, the wrapper, the log, what is installed, and the webroot: one of each in every run.
IN_EVERY_RUN = (LINKS[0], LINKS[1], LINKS[9], LINKS[11], LINKS[13], LINKS[15], LINKS[16], LINKS[18], LINKS[21])
CASES = [
    *(pytest.param(*link, "root's file", marks=() if link in IN_EVERY_RUN else pytest.mark.slow) for link in LINKS),
    (*LINKS[1], "the user's file"),
    *(pytest.param(*LINKS[number], "the user's file", marks=pytest.mark.slow) for number in (0, 10, 20)),
]


@pytest.mark.parametrize(("link", "target", "whose"), CASES)
def test_a_link_to_what_is_roots_changes_and_tells_nothing(ground: Ground, link: str, target: str, whose: str) -> None:
    place = ground.base / "web" / link[7:] if link.startswith("../web/") else ground.users / link
    as_root(f"chmod 777 {ground.web}; mkdir -p {place.parent}; chown -R {NOBODY} {ground.web} {place.parent}")
    ground.as_user(f"rm -rf {place}; ln -s {ground.roots / target} {place}")
    if whose == "root's file":
        ground.roots_own()
    before = ground.snapshot()
    for words in (("apply",), ("doctor", "--fix")):
        done = ground.run(*words)
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    assert ground.snapshot() == before
    assert ground.leaks() == ""


EXCHANGE = """\
cd {users}
n=0
while [ ! -e stop ]; do
  mv -T {place} {place}.away && ln -sT {target} {place}
  rm -rf {place}
  mv -T {place}.away {place} && n=$((n + 1)) && echo $n >count
done 2>/dev/null
"""


@pytest.mark.parametrize(
    "place",
    [
        ".acme.sh",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("tls", "src", ".acme.sh/nas.example.com_ecc")),
    ],
)
def test_a_folder_that_is_exchanged_for_a_link_all_the_while_leads_root_nowhere(ground: Ground, place: str) -> None:
    before = ground.snapshot()
    script = EXCHANGE.format(users=ground.users, place=place, target=ground.roots / "folder")
    words = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "sh", "-c", script]
    rounds = 0
    with subprocess.Popen(words if os.geteuid() == 0 else ["sudo", "-n", *words], cwd="/"):
        try:
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline and rounds < 300:
                ground.run("apply", "--force", "--only", "nas")
                ground.run("deploy", "--force")
                rounds = int(as_root(f"cat {ground.users}/count") or rounds)  # empty while it is written
        finally:
            as_root(f"touch {ground.users}/stop")
    assert rounds >= 100
    assert ground.snapshot() == before
    assert ground.leaks() == ""


@BOTH
def test_what_root_had_made_in_the_folder_is_handed_over_and_goes_on_working(ground: Ground, whose: str) -> None:
    if whose == "root's file":
        ground.roots_own()
    assert ground.run("deploy").returncode == 0
    as_root(
        f"cd {ground.users}; mkdir -p .acme.sh/.staging; touch .acme.sh/.lock; chown -R 0:0 .acme.sh src; chmod -R go= .acme.sh src"
    )
    done = ground.run("cron")
    assert (done.returncode, done.stdout) == (0, "Nothing to do.\n"), done.stderr
    assert ground.owners(".acme.sh", "src") == [str(NOBODY)]
    assert ground.run("deploy", "--force").returncode == 0


def test_another_folder_of_roots_that_was_moved_there_is_not_handed_over(ground: Ground) -> None:
    as_root(f"cd {ground.users}; mkdir -m 700 notes; echo {SECRET} >notes/nas.example.com.conf")
    ground.as_user("rm -rf .acme.sh; mv notes .acme.sh")
    ground.run("apply")
    assert ground.owners(".acme.sh") == ["0"]
    assert ground.leaks() == ""


@pytest.mark.parametrize("change", ["mkdir {users}/acme", "mkdir -m 777 {base}/open; mkdir {base}/open/acme"])
def test_a_folder_of_roots_that_others_can_exchange_is_refused(ground: Ground, change: str) -> None:
    as_root(change.format(users=ground.users, base=ground.base))
    ground.roots_own(directory=change.format(users=ground.users, base=ground.base).split()[-1])
    done = ground.run("apply")
    assert (done.returncode, "[trust.weak_path]" in done.stderr) == (77, True), done.stderr
    assert "sudo chown root" in done.stderr


def test_a_file_of_roots_that_everybody_may_write_is_refused(ground: Ground) -> None:
    ground.roots_own()
    as_root(f"chmod 666 {ground.config}")
    done = ground.run("check")
    assert (done.returncode, "[trust.weak_path]" in done.stderr) == (77, True), done.stderr


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """All of acmewrap in a single file, without what it depends on."""
    build = tmp_path / "acmewrap.pyz"
    with zipfile.ZipFile(str(build), "w") as archive:
        for path in (REPOSITORY / "acmewrap").rglob("*.py"):
            archive.write(str(path), str(path.relative_to(REPOSITORY)))
        for folder in ("templates", "vendor"):
            for path in (REPOSITORY / folder).rglob("*"):
                archive.write(str(path), f"acmewrap/{path.relative_to(REPOSITORY)}")
        archive.writestr("__main__.py", "import sys; from acmewrap.cli import start; sys.exit(start())")
    return build


def test_a_program_that_root_alone_can_read_does_all_its_work_as_the_user(ground: Ground, build: Path) -> None:
    as_root(f"cp {build} {ground.roots}")
    for words in (("deploy", "--force"), ("report",)):
        done = ground.run(*words, program=str(ground.roots / build.name), PYTHONPATH="")
        assert done.returncode == 0, done.stdout + done.stderr
    assert ground.who() == [str(NOBODY)]


def test_a_single_file_program_that_the_user_can_change_is_not_run_by_root(ground: Ground, build: Path) -> None:
    as_root(f"cp {build} {ground.users}; cp {build} {ground.etc}; chown {NOBODY} {ground.users}/acmewrap.pyz")
    for command in ("check", "cron"):
        done = ground.run(command, program=str(ground.users / "acmewrap.pyz"), PYTHONPATH="")
        assert (done.returncode, "[trust.program]" in done.stderr) == (77, True), done.stderr
        assert "sudo install -o root" in done.stderr
        done = ground.run(command, program=str(ground.etc / "acmewrap.pyz"), PYTHONPATH="")
        assert done.returncode == 0 or command == "cron", done.stderr


def test_the_unattended_run_becomes_the_users_and_roots_own_entry_goes(ground: Ground) -> None:
    ground.roots_own(CONFIGURATION + "schedule: {{every: 6h, by: crontab}}\n")
    as_root(f"mkdir -m 1777 {ground.base}/tables; mkdir {ground.base}/tools")
    shim = f"""#!/bin/sh
[ "$1" = - ] && exec cat >{ground.base}/tables/$(id -u)
cat {ground.base}/tables/$(id -u) 2>/dev/null || {{ echo no crontab >&2; exit 1; }}
"""
    as_root(f"cd {ground.base}; printf %s {shlex.quote(shim)} >tools/crontab; chmod 755 tools tools/crontab")
    old = (
        f"# BEGIN acmewrap {ground.config}\n1 1 * * * old >> {ground.users}/task.log\n# END acmewrap {ground.config}\n"
    )
    as_root(
        f"printf %s {shlex.quote('# mine' + chr(10) + old)} >{ground.base}/tables/0; echo old >{ground.users}/task.log"
    )
    as_root(f"chmod 600 {ground.users}/task.log")
    done = ground.run("apply", path=f"{ground.base}/tools:")
    assert "schedule: done" in done.stdout or "crontab: done" in done.stdout, done.stdout + done.stderr
    assert as_root(f"cat {ground.base}/tables/0") == "# mine\n"
    entry = as_root(f"cat {ground.base}/tables/{NOBODY}")
    assert f"log={ground.users}/task.log; " in entry
    assert f"--config {ground.config} cron )" in entry
    assert as_root(f"ls {ground.users}/task.log*").split() == [f"{ground.users}/task.log.1"]
    assert "schedule" not in ground.run("plan", path=f"{ground.base}/tools:").stdout


def test_python_code_of_roots_is_refused_in_the_folder(ground: Ground) -> None:
    script = (
        "import sys; from acmewrap import AcmewrapError, Job, load\n"
        "try: Job(load(sys.argv[2])).apply()\nexcept AcmewrapError as error: sys.exit(error.id)"
    )
    as_root(f"printf %s {shlex.quote(script)} >{ground.etc}/code.py")
    done = ground.run(program=str(ground.etc / "code.py"))
    assert (done.returncode, done.stderr) == (1, "trust.weak_path\n")


def test_a_link_in_another_users_webroot_is_not_followed_by_root_in_its_own_folder(ground: Ground) -> None:
    as_root(f"cp -R {ground.users}/src {ground.etc}/src")
    ground.roots_own(directory=str(ground.etc))
    ground.as_user(f"ln -s {ground.roots}/folder {ground.web}/.well-known")
    before = as_root(f"find {ground.roots} -printf '%p %U %G %m\\n' | sort")
    done = ground.run("apply")
    assert "[trust.planted]" in done.stdout, done.stdout + done.stderr
    assert as_root(f"find {ground.roots} -printf '%p %U %G %m\\n' | sort") == before


@pytest.mark.parametrize(
    "plant", ["ln -s {roots}/canary {users}/tls/key.pem", "ln {users}/tls/roots {users}/tls/key.pem"]
)
def test_root_installs_through_no_link_of_another_user(ground: Ground, plant: str) -> None:
    as_root(f"cp -R {ground.users}/src {ground.users}/.acme.sh {ground.etc}; chown -R 0:0 {ground.etc}")
    as_root(f"echo {SECRET} >{ground.users}/tls/roots; chmod 666 {ground.users}/tls/roots")
    ground.roots_own(directory=str(ground.etc))
    ground.as_user(plant.format(roots=ground.roots, users=ground.users))
    done = ground.run("deploy", "--force")
    assert "[trust.planted]" in done.stdout, done.stdout + done.stderr
    assert as_root(f"cat {ground.roots}/canary {ground.users}/tls/roots").split("\n")[:2] == [SECRET, SECRET]


def test_root_reloads_with_no_script_of_another_user(ground: Ground) -> None:
    as_root(
        f"cp -R {ground.users}/src {ground.users}/.acme.sh {ground.etc}; chown -R 0:0 {ground.etc}; mkdir {ground.etc}/tls"
    )
    ground.as_user("echo 'id -u >>who' >reload.sh; chmod 755 reload.sh")
    text = CONFIGURATION.replace("{users}/tls", f"{ground.etc}/tls")
    for reload in (f"{ground.users}/reload.sh", f"sh {ground.users}/reload.sh now"):
        ground.roots_own(text.replace("id -u >>{users}/who", reload), directory=str(ground.etc))
        steps = json.loads(ground.run("--json", "deploy", "--force").stdout)["steps"]
        assert [step["failure"]["id"] for step in steps] == ["trust.weak_path", "trust.weak_path"]
    assert ground.who() == []


def test_a_home_of_another_user_ends_the_certificates_of_its_authority_alone(ground: Ground) -> None:
    as_root(
        f"cd {ground.etc}; cp -R {ground.users}/src .; for name in internal other; do cp -R {ground.users}/.acme.sh .$name; done"
    )
    text = (
        CONFIGURATION[: CONFIGURATION.index("      proxy")]
        .replace("users}/tls", "web}/tls")
        .replace("id -u >>{users}/who", "true")
    )
    homes = "".join(f"  {name}: {{{{server: {SERVER}, home: .{name}}}}}\n" for name in ("internal", "other"))
    text = f"directory: {{directory}}\nauthorities:\n{homes}{text[text.index('certificates:') :]}"
    text += "    authority: internal\n  www: {{domains: [www.example.com], authority: other, challenge: {{webroot: {web}}}}}\n"
    as_root(f"chown 0:0 {ground.web}; chown {NOBODY} {ground.etc}/.other")
    ground.roots_own(text, directory=str(ground.etc))
    before = as_root(f"find {ground.etc}/.other -printf '%p %U %m %T@\\n' | sort")
    done = ground.run("--json", "deploy", "--force")
    found = json.loads(done.stdout)
    assert [(one["certificate"], one["outcome"]) for one in found["steps"]] == [("nas", "done")]
    assert ([one["id"] for one in found["unread"]], done.returncode) == (["trust.weak_path"], 77)
    assert f"{ground.etc}/.other" in found["unread"][0]["message"]
    assert as_root(f"find {ground.etc}/.other -printf '%p %U %m %T@\\n' | sort") == before


def test_roots_schedule_does_not_write_its_log_in_a_users_folder(ground: Ground) -> None:
    schedule = f"schedule: {{{{every: 6h, by: crontab, log: {ground.users}/task.log}}}}\n"
    ground.roots_own(CONFIGURATION + schedule, directory=str(ground.etc))
    done = ground.run("check")
    assert (done.returncode, "[trust.weak_path]" in done.stderr) == (77, True), done.stderr
    assert "[trust.weak_path]" in ground.run("doctor").stdout


def test_a_webroot_that_only_root_may_write_is_made_for_the_user(ground: Ground) -> None:
    ground.web = ground.etc / "web"
    as_root(f"mkdir -p {ground.web}/.well-known/acme-challenge")  # as an earlier version left it
    ground.roots_own()
    done = ground.run("apply")
    assert f"webroot {ground.web}: done" in done.stdout, done.stdout + done.stderr
    assert as_root(f"cd {ground.web}; stat -c %u . .well-known .well-known/acme-challenge").split() == [
        "0",
        str(NOBODY),
        str(NOBODY),
    ]


def test_a_new_file_in_the_users_folder_is_the_users(ground: Ground) -> None:
    before = ground.snapshot()
    ground.as_user(f"rm acmewrap.yaml; ln -s {ground.roots}/missing new.yaml")
    words = (
        "--template",
        "dns",
        "--domain",
        NAME,
        "--server",
        "https://pki.test/acme",
        "--ca-bundle",
        "ca.crt",
        "--force",
    )
    done = ground.run("init", *words, "--output", f"{ground.users}/new.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ground.owners("new.yaml") == [str(NOBODY)]
    assert ground.snapshot() == before


def test_what_root_pins_in_a_users_folder_is_the_users(ground: Ground) -> None:
    as_root(
        f"cd {ground.etc}; mkdir -p x/acme.sh-3.1.6/deploy; cd x; printf 'VER=3.1.6\\n' >acme.sh-3.1.6/acme.sh\n"
        ": >acme.sh-3.1.6/deploy/haproxy.sh; tar -czf ../acme.sh-3.1.6.tar.gz acme.sh-3.1.6"
    )
    before = ground.snapshot()
    done = ground.run("pin", str(ground.etc / "acme.sh-3.1.6.tar.gz"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ground.owners("acmewrap.yaml", "acme.sh-3.1.6-*.sha256") == [str(NOBODY)]
    assert ground.snapshot() == before
    assert "3.1.6" in ground.run("releases").stdout

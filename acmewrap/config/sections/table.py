"""Every key of the file: what it takes, what it means, what it is when left out.

One description for three uses: reading the file, its JSON Schema for editors (both in :mod:`.load`), the reference in the manual.
What no table can say, that one key has to agree with another, is checked in :mod:`.assemble`.
"""

from __future__ import annotations

from typing import Optional, Union, get_args

from .. import model
from ..arguments import quoted
from ..binder.record import Key, Record, Section
from ..binder.types import Either, Kind, Later, Sequence, Table, choice, matching
from .challenges import CHALLENGE
from .credentials import REFERENCE, SECRET, Environment
from .install import INSTALL
from .options import OPTION, USAGES
from .paths import Bundle, PathKind
from .release import ACME_SH
from .scalars import ANY, CHAIN, DOMAIN, DURATION, EMAIL, FRACTION, HOOK, JOBS, KEY, NAME, PROXY, SERVER, TIME
from .synology import DSM_CERTIFICATE, SYNOLOGY, Shorthand
from .verify import VERIFY, VERIFY_MISSING


def _check_command(section: Section) -> None:
    program = section.get("run")[0]
    if not program or ("/" in program and not program.startswith("/")):
        section.refuse("run", f"begins with {quoted(program)}: expected the name of a program or its path from / on")


def _renew(at: Optional[model.RenewAt] = None, before: int = 0) -> Union[model.RenewAt, model.RenewBefore]:
    return at or model.RenewBefore(before)


def _monitoring() -> Kind:
    from .monitoring import MONITORING

    return MONITORING


_EAB = Record(
    {
        "key_id": Key(
            matching(r"[^\s'\"\\]+", "a key identifier"), "The key identifier.", missing="the authority gives it to you"
        ),
        "hmac_key": Key(SECRET, "The HMAC key.", missing="a reference such as {file: eab.key}"),
    },
    model.ExternalAccount,
)
_AUTHORITY = Record(
    {
        "server": Key(SERVER, "The URL of the ACME directory.", missing="the https URL of the ACME directory"),
        "ca_bundle": Key(
            Bundle("a file of root certificates, or the PEM itself"),
            "The roots that the authority's server is trusted by: a file beside this one, or the PEM itself.",
        ),
        "email": Key(EMAIL, "The contact of the account."),
        "eab": Key(_EAB, "External account binding (RFC 8555 section 7.3.4)."),
        "home": Key(
            PathKind("a folder", inside=True),
            "The config home of acme.sh, below `directory`. Several authorities cannot share one.",
        ),
        "poll": Key(
            choice(get_args(model.Poll)),
            "How soon acme.sh asks again while the authority works: `early`, after a tenth of a second and then ever later, or "
            "every 2 s, as `acme.sh` by itself, whose functions are then all its own. `Retry-After` is respected.",
            default=model.Authority.poll,
        ),
        "proxy": Key(
            Either("http://host:port, or where that is read", PROXY, REFERENCE),
            "The HTTP proxy on the way to the authority, in the place of those of the environment, which a scheduled run does not "
            "have: `http://host:port`, or with a name and a password from `{file: path}`.",
        ),
    }
)
_RENEW = Record(
    {
        "at": Key(FRACTION, "Renew when this part of the lifetime has passed."),
        "before": Key(DURATION, "Renew this long before the end."),
    },
    _renew,
    one_of=("at", "before"),
)
_TARGET = Record(
    {
        "hook": Key(HOOK, "One of acme.sh's deploy hooks, such as ssh."),
        "install": Key(INSTALL, "Or: files for a server on this machine, and the command that reloads it."),
        "env": Key(Environment(), "What the hook reads: NAME: value.", needs="hook"),
        "synology": Key(
            DSM_CERTIFICATE,
            "Or: one of several entries on the NAS of the section `synology`, each with services of its own.",
        ),
        "verify": Key(
            VERIFY,
            "The TLS server that must show the certificate, or `no`. Beside `synology` it can be left out: the default certificate "
            "is then looked for where the section says, and DSM's list must show when another one ends.",
            missing=VERIFY_MISSING,
            unless="synology",
        ),
    },
    one_of=("hook", "install", "synology"),
)
_CERTIFICATE = Record(
    {
        "domains": Key(
            Sequence(DOMAIN, "a list of domain names", unique=True),
            "The names it is for; the first names its folder.",
            missing="a list of domain names",
        ),
        "authority": Key(NAME, "The name of an authority; not needed while there is only one."),
        "challenge": Key(
            CHALLENGE,
            "How the authority is shown that the names are yours: one way, or a list with one for every domain.",
            missing="how the authority is shown that the names are yours, such as {webroot: /var/www}",
        ),
        "key": Key(KEY, "The type of the private key.", default=model.Certificate.key),
        "renew": Key(
            _RENEW,
            "When it is due: `at` a part of its lifetime, or a while `before` its end. What leaves less than a tenth of the life "
            "before the renewal would have each run renew it; then the default holds.",
            default=model.Certificate.renew,
        ),
        "deploy": Key(
            Table(
                NAME,
                Either("`synology`, {synology}, {hook, env, verify} or {install, verify}", Shorthand(), _TARGET),
                "targets by name",
            ),
            "Where it goes: `synology` for the section of that name, a deploy hook or files to install, and how to verify it.",
            default={},
        ),
        "profile": Key(NAME, "The profile of the authority to issue by, such as shortlived."),
        "preferred_chain": Key(
            CHAIN,
            "The name (CN) of the root or issuer that its chain is to end at, where the authority offers several.",
        ),
        "usages": Key(
            Sequence(choice(tuple(USAGES)), "a list of server and client", unique=True),
            "What it may be used for (extended key usage); when left out, server alone (acme.sh before 3.0.9 asks as it likes).",
        ),
        "lifetime": Key(DURATION, "How long it is to live; the authority may refuse."),
        "options": Key(
            Sequence(OPTION, "a list of arguments", at_least=0),
            "More arguments for acme.sh --issue.",
            default=model.Certificate.options,
        ),
    }
)
_SCHEDULE = Record(
    {
        "daily": Key(TIME, "The time of day of the run."),
        "every": Key(DURATION, "The time between two runs."),
        "by": Key(
            choice(get_args(model.Scheduler)),
            f"What starts it; {model.Schedule.by} when left out, or dsm with a section `synology` on a NAS that has no crontab.",
        ),
        "run": Key(
            choice(get_args(model.Runner)),
            "What is started: `acmewrap cron`, or plain `./acme.sh --cron` on machines without Python.",
            default=model.Schedule.run,
        ),
        "mail": Key(EMAIL, "Who is sent the end of the log when a run fails; crontab and systemd use sendmail."),
        "log": Key(PathKind("a path", inside=True), f"The log, below `directory`; {model.LOG} when left out."),
    },
    one_of=("daily", "every"),
)
_COMMAND = Record(
    {
        "before": Key(
            choice(get_args(model.Before)),
            "Before a run that has something to do; before it issues; before it deploys.",
        ),
        "after": Key(
            choice(get_args(model.After)),
            "At the end of a run that did something, also when it failed; of one that issued, or deployed, or tried; of one that "
            "failed.",
        ),
        "when": Key(
            Sequence(choice(get_args(model.Event)), "a list of what may have happened", unique=True),
            "Only when one of these happened in the run.",
            needs="after",
        ),
        "run": Key(
            Sequence(ANY, "a program and its arguments"),
            "The program and its arguments, each as it is: no shell reads them. The run's JSON document is its standard input.",
            missing="the program and its arguments, such as [/usr/local/bin/announce]",
        ),
        "timeout": Key(DURATION, "How long it may take."),
    },
    model.ConfiguredCommand,
    _check_command,
    one_of=("before", "after"),
)
ROOT = Record(
    {
        "directory": Key(PathKind("a folder"), "Where everything is kept; the folder of this file when left out."),
        "jobs": Key(
            JOBS,
            "How many certificates are worked on at once; the processors, at most 4, when left out. Most of an order is waiting.",
        ),
        "acme_sh": Key(ACME_SH, "Which acme.sh.", default=model.AcmeShSettings()),
        "authorities": Key(
            Table(NAME, _AUTHORITY, "authorities by name", at_least=1),
            "The certificate authorities, by a name of your choice.",
            missing="at least one, such as `internal: {server: https://ca.example.com/acme/directory}`",
        ),
        "certificates": Key(
            Table(NAME, _CERTIFICATE, "certificates by name", at_least=1),
            "The certificates, by a name of your choice.",
            missing="at least one, such as `nas: {domains: [nas.example.com], challenge: {webroot: /var/www}}`",
        ),
        "synology": Key(SYNOLOGY, "The Synology NAS that certificates are deployed to."),
        "commands": Key(
            Sequence(_COMMAND, "a list of commands", at_least=0),
            "Commands of your own around each run that has something to do; plans and --dry-run run none. One that fails before "
            "something stops that. Equal ones run once before and once after.",
        ),
        "monitoring": Key(
            Later(_monitoring), "Who hears of each run of everything (`cron`, and `apply` without names)."
        ),
        "schedule": Key(_SCHEDULE, "When acmewrap runs unattended."),
    }
)

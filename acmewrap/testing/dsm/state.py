"""What a simulated DSM knows: plain objects that a test may read and change at any time.

Hold :attr:`State.lock` while changing several things at once; every web call holds it for as long as it runs.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Literal, Mapping, Optional, Set, Tuple

from .data.bodies import fill, load_applications, load_shares
from .data.presets import Preset
from .store import CertificateStore

PasswordState = Literal["valid", "expired", "expired_for_good", "must_change"]
OtpPolicy = Literal["none", "admin", "user"]
Permission = Literal["RW", "RO", "NA", ""]

_FIRST_UID = 1024

ON_BOX = "SYSTEM_ADMIN"  # who calls through synowebapi


@dataclass
class User:
    """A local account. ``expired`` is DSM's own field: ``normal``, ``now`` (disabled) or a date ``YYYY/M/D``."""

    name: str
    password: str = field(repr=False)
    uid: int
    description: str = ""
    email: str = ""
    expired: str = "normal"
    password_state: PasswordState = "valid"  # noqa: S105  no password
    locked: bool = False
    cannot_change_password: bool = False
    otp_code: Optional[str] = None
    """The six digits that are right at the moment; None while the user has not set up a second factor."""
    devices: Set[Tuple[str, str]] = field(default_factory=set)
    """Trusted (device name, device id) pairs: these log in without a code."""


@dataclass
class Session:
    """One login. ``token`` is the SynoToken, empty when none was asked for."""

    id: str
    account: str
    auth_version: int
    token: str = ""
    used: bool = False
    confirmations: Set[str] = field(default_factory=set)


@dataclass
class Share:
    """A shared folder; ``permissions`` maps a user name to what that user was given, ``""`` for nothing of its own."""

    name: str
    volume: str = "/volume1"
    description: str = ""
    permissions: Dict[str, Permission] = field(default_factory=dict)


@dataclass
class Task:
    """A scheduled task, with ``schedule`` and ``extra`` as they were sent."""

    id: int
    name: str
    owner: str
    enable: bool
    schedule: Dict[str, Any]
    extra: Dict[str, Any]
    history: List[Dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Login:
    """One attempt to log in, exactly as it arrived; ``code`` is 0 when it succeeded."""

    account: str
    password: str = field(repr=False)
    otp_code: str
    device_name: str
    device_id: str = field(repr=False)
    code: int


@dataclass(frozen=True)
class Upload:
    """A file part of a multipart request, byte for byte."""

    filename: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class RecordedRequest:
    """One web call. Values of parameters that are secrets read ``***``; passwords are in :attr:`State.logins`."""

    http_method: str
    path: str
    api: str
    method: str
    version: str
    parameters: Mapping[str, str]
    uploads: Mapping[str, Upload]

    @property
    def name(self) -> str:
        """``SYNO.Core.Certificate.import``, the form in which faults name a call as well."""
        return f"{self.api}.{self.method}"


def _succeed(_: Task) -> int:
    return 0


@dataclass
class State:
    """Everything behind the web API. ``preset`` says how it behaves, and may be replaced at any time."""

    preset: Preset
    certificates: CertificateStore
    users: Dict[str, User] = field(default_factory=dict)
    groups: Dict[str, List[str]] = field(default_factory=lambda: {"administrators": [], "users": []})
    shares: Dict[str, Share] = field(
        default_factory=lambda: {name: Share(name, where) for name, where in load_shares().items()}
    )
    applications: List[str] = field(default_factory=load_applications)
    rules: Dict[Tuple[str, str], Dict[str, Any]] = field(default_factory=dict)
    """Application privileges of users: (application, user) -> the rule as DSM lists it."""
    tasks: Dict[int, Task] = field(default_factory=dict)
    event_tasks: List[Dict[str, Any]] = field(default_factory=lambda: [fill("event_task")])
    """What the list of tasks holds besides, as it is listed: tasks that an event starts."""
    sessions: Dict[str, Session] = field(default_factory=dict)
    failed_logins: int = 0
    otp_policy: OtpPolicy = "none"
    otp_users: Set[str] = field(default_factory=set)
    """Users who must have a second factor whatever the policy for all says."""
    minimum_password_length: int = 8
    run_task: Callable[[Task], int] = _succeed
    """What running a task does; returns the exit code that its history will show."""
    running: List[threading.Thread] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)
    """Set when tasks that have not started yet never will."""
    requests: List[RecordedRequest] = field(default_factory=list)
    logins: List[Login] = field(default_factory=list)
    restart_wanted: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def generation(self) -> int:
        """6 or 7."""
        return self.preset.generation

    def add_user(self, name: str, password: str, *, administrator: bool = False) -> User:
        """Create a local user in ``users``, and in ``administrators`` when asked to."""
        with self.lock:
            user = User(name, password, max((user.uid for user in self.users.values()), default=_FIRST_UID + 1) + 1)
            self.users[name] = user
            self.groups["users"].append(name)
            if administrator:
                self.groups["administrators"].append(name)
            return user

    def finish_tasks(self) -> None:
        """Wait for the scripts that DSM's scheduler runs; those that have not started never will."""
        self.ending.set()
        for thread in self.running:
            thread.join()

    def needs_factor(self, name: str) -> bool:
        """Whether that user may not log in before a second factor is set up."""
        return (
            name in self.otp_users
            or self.otp_policy == "user"
            or (self.otp_policy == "admin" and self.is_administrator(name))
        )

    def is_administrator(self, name: str) -> bool:
        return name == ON_BOX or name in self.groups["administrators"]

    def set_rule(self, application: str, user: str, *, allow_ip: List[str], deny_ip: List[str]) -> None:
        """An application privilege of a user; ``["0.0.0.0"]`` means everywhere."""
        self.rules[application, user] = fill(
            "application_rule", allow_ip=allow_ip, app_id=application, deny_ip=deny_ip, entity_name=user
        )

    def may_use(self, application: str, user: str) -> bool:
        """Denied beats allowed, and no rule at all means allowed."""
        rule = self.rules.get((application, user))
        return rule is None or not rule["deny_ip"]

    def __deepcopy__(self, memo: Dict[int, Any]) -> State:
        # A lock cannot be copied, and what is recorded stays recorded whatever a copy goes through.
        shared = {"lock", "requests", "logins", "run_task", "running", "ending", "preset"}
        values = {name: value if name in shared else copy.deepcopy(value, memo) for name, value in vars(self).items()}
        return State(**values)

"""The simulator itself: one state, a plain side and a TLS side in front of it."""

from __future__ import annotations

import copy
import json
import shutil
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Dict, List, Literal, Optional, Type

from ...errors import AcmewrapError
from . import tools
from .apis import accounts, authentication, certificates, information, privileges, tasks
from .call import Api
from .faults import Effect, Fault, Faults
from .server import Connections, Listener
from .state import Login, RecordedRequest, State, User
from .store import CertificateStore, StoredCertificate
from .web import Reply, Request, answer, bad_gateway, create_handler, malformed_upload, read_request, refuse, welcome

if TYPE_CHECKING:
    from typing_extensions import Self

Version = Literal["6.2", "7.2"]

LOGIN = "SYNO.API.Auth.login"
LIST = "SYNO.Core.Certificate.CRT.list"
IMPORT = "SYNO.Core.Certificate.import"


class DsmSimulator:
    """A Synology NAS on this machine, as far as its web API and its certificates go.

    A context manager. The plain side (DSM's port 5000) and the TLS side (5001) answer on free ports unless told which; TLS
    always uses the certificate that the simulated store gives to the desktop, and starts with the factory's for
    ``synology.com``. *account* is an administrator. Needs the ``openssl`` command. Everything it knows is in ``state``::

        with DsmSimulator(account="certupdater", password="secret") as nas:
            nas.fail(IMPORT, "cut_off")
            ...
            assert nas.logins[0].password == "secret"

    With ``restart_seconds`` above 0 a restart of the web server takes that long: TLS connections are refused, the plain side
    answers 502. Otherwise the TLS side is closed and opened again before the reply goes out.
    """

    def __init__(
        self,
        version: Version = "7.2",
        *,
        account: str = "certupdater",
        password: str = "simulated-password",  # noqa: S107  of an account that exists only here
        host: str = "127.0.0.1",
        http_port: int = 0,
        https_port: int = 0,
        restart_seconds: float = 0.0,
    ) -> None:
        self.account = account
        self.password = password
        self.host = host
        self.http_port = http_port
        self.https_port = https_port
        self.restart_seconds = restart_seconds
        self.restarts = 0
        self.state = State(int(version[0]), CertificateStore(0), adds_members=int(version[0]) >= 7)
        self._faults = Faults()
        self._apis = collect_apis()
        self._connections = Connections()
        self._closing = threading.Event()
        self._restarting = threading.Event()
        self._restart_over = threading.Event()
        self._restarters: List[threading.Thread] = []

    def __enter__(self) -> Self:
        self.state.certificates = CertificateStore.create(self.state.generation)
        self.state.add_user(self.account, self.password, administrator=True)
        handler = create_handler(self._serve)
        self._http = Listener(self.host, self.http_port, handler, self._connections)
        try:
            self._https = Listener(self.host, self.https_port, handler, self._connections)
        except AcmewrapError:
            self._http.release()
            raise
        self._folder = Path(tempfile.mkdtemp(prefix="acmewrap-dsm-"))
        self.http_port, self.https_port = self._http.port, self._https.port
        self._https.open(self._create_context())
        self._http.open()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every connection, also those that hang, and give the ports back. Leaving the context does this."""
        if self._closing.is_set():
            return
        self._closing.set()
        self.finish_restart()
        self._http.release()
        self._https.release()
        self.state.finish_tasks()
        self._connections.end()
        shutil.rmtree(self._folder)

    @property
    def url(self) -> str:
        """The plain side, without a slash at the end."""
        return f"http://{self.host}:{self.http_port}"

    @property
    def https_url(self) -> str:
        return f"https://{self.host}:{self.https_port}"

    @property
    def user(self) -> User:
        """The account given at the start."""
        return self.state.users[self.account]

    @property
    def served(self) -> StoredCertificate:
        """The entry whose certificate the TLS side serves, or will once a restart has ended."""
        with self.state.lock:
            return self.state.certificates.served()

    @property
    def logins(self) -> List[Login]:
        with self.state.lock:
            return list(self.state.logins)

    @property
    def requests(self) -> List[RecordedRequest]:
        with self.state.lock:
            return list(self.state.requests)

    def calls(self, name: str) -> List[RecordedRequest]:
        """The requests of one name, such as :data:`IMPORT`."""
        return [request for request in self.requests if request.name == name]

    @property
    def writes(self) -> List[RecordedRequest]:
        """The requests, and calls of on-box tools, that were meant to change something."""
        return [one for one in self.requests if tools.is_write(one, self._apis)]

    def write_tools(self, folder: Path) -> Path:
        """DSM's own commands (``synouser``, ``synowebapi`` and the like) as executables in *folder*, over this very state."""
        return tools.write_tools(folder, self.host, self.http_port)

    def fail(self, call: str, effect: Effect, times: Optional[int] = 1) -> Fault:
        """From now on let *call* (``SYNO.Some.Api.method``) go wrong, *times* times or, with None, until :meth:`heal`."""
        return self._faults.add(call, effect, times)

    def heal(self) -> None:
        """Forget every fault that is left."""
        self._faults.clear()

    def _serve(self, handler: BaseHTTPRequestHandler) -> Reply:
        try:
            request = read_request(handler)
        except ValueError:
            return malformed_upload()
        if self._restarting.is_set():
            return bad_gateway()
        if request.path == tools.PATH:
            return self._serve_tool(request)
        if not request.path.startswith("/webapi/"):
            return welcome()
        with self.state.lock:
            self.state.requests.append(request.record())
        effect = self._faults.take(request.name)
        return self._answer(request) if effect is None else self._go_wrong(request, effect)

    def _answer(self, request: Request) -> Reply:
        with self.state.lock:
            reply = answer(request, self.state, self._apis)
            self._restart_if_wanted()
            return reply

    def _restart_if_wanted(self) -> None:
        if self.state.restart_wanted:
            self.state.restart_wanted = False
            self._restart()

    def _serve_tool(self, request: Request) -> Reply:
        with self.state.lock:
            words = json.loads(request.parameters["words"])
            told = tools.answer(request.parameters["tool"], words, self.state, self._apis)
            self._restart_if_wanted()
            return Reply(told.encode())

    def _go_wrong(self, request: Request, effect: Effect) -> Reply:
        if isinstance(effect, int):
            return refuse(effect)
        if effect == "bad_gateway":
            return bad_gateway()
        if effect == "empty_reply":
            return Reply(b"")
        if effect == "ignored":
            with self.state.lock:
                return answer(request, copy.deepcopy(self.state), self._apis)
        if effect == "reply_lost":
            self._answer(request)
        elif effect == "hang":
            self._closing.wait()
        return Reply(None)

    def _restart(self) -> None:
        """Close the TLS side and open it again with the certificate that is to be served now."""
        self.restarts += 1
        if self._restarting.is_set():
            return  # the restart under way will read the store when it opens
        if self.restart_seconds <= 0:
            self._https.close()
            self._https.open(self._create_context())
            return
        self._restarting.set()
        self._restart_over.clear()
        self._https.close()
        thread = threading.Thread(target=self._await_restart, daemon=True)
        self._restarters.append(thread)
        thread.start()

    def finish_restart(self) -> None:
        """End a restart that is under way now, however long it was meant to take."""
        self._restart_over.set()
        for thread in self._restarters:
            thread.join()

    def _await_restart(self) -> None:
        self._restart_over.wait(self.restart_seconds)
        with self.state.lock:
            self._https.open(self._create_context())
            self._restarting.clear()

    def _create_context(self) -> ssl.SSLContext:
        return self.state.certificates.served().create_context(self._folder)


def collect_apis() -> Dict[str, Api]:
    """Every API that is simulated, by name."""
    families = (authentication.APIS, certificates.APIS, accounts.APIS, privileges.APIS, tasks.APIS)
    apis = {api.name: api for family in families for api in family}
    own = information.describe_apis(apis)
    return {**apis, own.name: own}

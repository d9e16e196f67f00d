"""The simulator itself: one state, a plain side and a TLS side in front of it."""

from __future__ import annotations

import copy
import shutil
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, List, Optional, Type, Union

from ...errors import AcmewrapError
from . import tools
from .apis import collect_apis
from .data.presets import Preset, load_preset
from .faults import Effect, Fault, Faults
from .server import Connections, Listener, TlsListener
from .state import Login, RecordedRequest, State, User
from .store import CertificateStore, StoredCertificate
from .web import (
    Reply,
    Request,
    answer,
    bad_gateway,
    create_handler,
    malformed_upload,
    read_request,
    redirect,
    refuse,
    welcome,
)

if TYPE_CHECKING:
    from typing_extensions import Self

LOGIN = "SYNO.API.Auth.login"
LIST = "SYNO.Core.Certificate.CRT.list"
IMPORT = "SYNO.Core.Certificate.import"


class DsmSimulator:
    """A Synology NAS on this machine, as far as its web API and its certificates go.

    A context manager. *version* is one of :data:`~.data.presets.NAMES`, or a preset; *account* is an administrator. The plain
    side (DSM's port 5000) and the TLS side (5001) answer on free ports unless given; TLS always uses the certificate that
    the store gives to the desktop, and starts with the factory's for ``synology.com``. Everything it knows is in ``state``.
    Needs the ``openssl`` command::

        with DsmSimulator(account="certupdater", password="secret") as nas:
            nas.fail(IMPORT, "cut_off")
            ...
            assert nas.logins[0].password == "secret"

    With ``restart_seconds`` above 0 a restart of the web server takes that long: TLS connections are refused, the plain side
    answers 502. Otherwise the TLS side is closed and opened again before the reply goes out.
    """

    def __init__(
        self,
        version: Union[str, Preset] = "7.2.1",
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
        preset = load_preset(version) if isinstance(version, str) else version
        self.state = State(preset, CertificateStore(preset.generation))
        self._faults = Faults()
        self._apis = collect_apis()
        self._connections = Connections()
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        self.state.certificates = CertificateStore.create(self.state.generation)
        self.state.add_user(self.account, self.password, administrator=True)
        handler = create_handler(self._serve)
        self._http = Listener(self.host, self.http_port, handler, self._connections)
        try:
            self._https = TlsListener(self.host, self.https_port, handler, self._connections, self._create_context)
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
    def restarts(self) -> int:
        """How often the web server has been restarted."""
        return self._https.restarts

    def finish_restart(self) -> None:
        """End a restart that is under way now, however long it was meant to take."""
        self._https.finish_restart()

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
        return [request for request in self.requests if tools.is_write(request, self._apis)]

    def write_tools(self, folder: Path) -> Path:
        """DSM's own commands (``synouser``, ``synowebapi`` and the like) as executables in *folder*, over this very state."""
        return tools.write_tools(folder, self.host, self.http_port)

    def change(self, **switches: Any) -> None:
        """Set switches of the preset, ``change(redirects=True)``."""
        with self.state.lock:
            self.state.preset = self.state.preset.but(**switches)

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
        if self._https.restarting.is_set():
            return bad_gateway()
        if request.path == tools.PATH:
            return self._serve_tool(request)
        if self.state.preset.redirects and not isinstance(handler.connection, ssl.SSLSocket):
            return redirect(self.https_url + handler.path)
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
            self._https.restart(self.restart_seconds)

    def _serve_tool(self, request: Request) -> Reply:
        with self.state.lock:
            words = bytes.fromhex(request.parameters["words"]).decode("utf-8").split("\0")[1:]
            answer = tools.answer(request.parameters["tool"], words, self.state, self._apis)
            self._restart_if_wanted()
            return Reply(answer.encode())

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

    def _create_context(self) -> ssl.SSLContext:
        with self.state.lock:
            return self.state.certificates.served().create_context(self._folder)

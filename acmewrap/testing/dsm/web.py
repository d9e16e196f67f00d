"""From an HTTP request to a handler and back: parameters, sessions, common error codes, replies, faults."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple, Type
from urllib.parse import parse_qsl, urlsplit

from .call import NO_API, Api, Call, Method, choose, perform
from .errors import Refusal
from .multipart import parse_multipart
from .state import RecordedRequest, Session, State, Upload

_MISSING = 101
_NO_PERMISSION = 105
_UPLOAD_FAILED = 108
_NO_SESSION = 119

_SECRETS = {"passwd", "password", "otp_code", "device_id", "_sid", "SynoToken", "SynoConfirmPWToken"}

_BAD_GATEWAY = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n"
)
_WELCOME = b"<!DOCTYPE html><html><head><title>Synology DiskStation</title></head><body></body></html>\n"


@dataclass(frozen=True)
class Request:
    """What arrived, parameters of query and body together."""

    http_method: str
    path: str
    parameters: Mapping[str, str]
    uploads: Mapping[str, Upload]
    token: str
    sid: str
    """Of the address or the cookie; a session in the body is among the parameters."""

    @property
    def name(self) -> str:
        return f"{self.parameters.get('api', '')}.{self.parameters.get('method', '')}"

    def record(self) -> RecordedRequest:
        shown = {name: "***" if name in _SECRETS and value else value for name, value in self.parameters.items()}
        api, method, version = (self.parameters.get(name, "") for name in ("api", "method", "version"))
        return RecordedRequest(self.http_method, self.path, api, method, version, shown, self.uploads)


@dataclass(frozen=True)
class Reply:
    """What goes back. ``body`` None: the connection is closed instead."""

    body: Optional[bytes]
    status: int = 200
    headers: Tuple[Tuple[str, str], ...] = ()
    content_type: str = 'application/json; charset="UTF-8"'


def read_request(handler: BaseHTTPRequestHandler) -> Request:
    """Read the whole request. Raises ValueError for a multipart body that is none."""
    url = urlsplit(handler.path)
    parameters = dict(_parse_form(url.query))
    sid = parameters.get("_sid", "")
    uploads: Dict[str, Upload] = {}
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    content_type = handler.headers.get("Content-Type", "")
    if content_type.startswith("multipart/form-data"):
        fields, uploads = parse_multipart(body, content_type)
        parameters.update(fields)
    elif body:
        parameters.update(_parse_form(body.decode("utf-8", "surrogateescape")))
    cookie = SimpleCookie(handler.headers.get("Cookie", "")).get("id")
    token = handler.headers.get("X-SYNO-TOKEN", "") or parameters.get("SynoToken", "")
    return Request(handler.command, url.path, parameters, uploads, token, sid or (cookie.value if cookie else ""))


def answer(request: Request, state: State, apis: Mapping[str, Api]) -> Reply:
    """Find the handler, call it, wrap what it says. The caller holds the state's lock."""
    try:
        data = _dispatch(request, state, apis)
    except Refusal as refusal:
        error: Dict[str, Any] = {"code": refusal.code}
        if refusal.errors is not None:
            error["errors"] = refusal.errors
        headers = (("x-request-error", refusal.reason),) if refusal.reason else ()
        return Reply(encode({"error": error, "success": False}, ascii=state.preset.escapes_unicode), headers=headers)
    headers = ()
    if request.name == "SYNO.API.Auth.login" and request.parameters.get("format") != "sid":
        headers = (("Set-Cookie", f"id={data['sid']}; path=/; HttpOnly"),)
    envelope = {"success": True} if data is None else {"data": data, "success": True}
    return Reply(encode(envelope, ascii=state.preset.escapes_unicode), headers=headers)


def refuse(code: int) -> Reply:
    return Reply(encode({"error": {"code": code}, "success": False}))


def welcome() -> Reply:
    """The page of the desktop, for whoever looks whether something answers."""
    return Reply(_WELCOME, content_type="text/html")


def redirect(location: str) -> Reply:
    """What the plain side says while DSM's "Redirect HTTP to HTTPS" is on, to every request and whatever its method."""
    return Reply(b"", 302, (("Location", location),), content_type="text/html")


def bad_gateway() -> Reply:
    """What nginx says while nobody stands behind it."""
    return Reply(_BAD_GATEWAY, 502, content_type="text/html")


def malformed_upload() -> Reply:
    return refuse(_UPLOAD_FAILED)


def encode(value: Any, *, ascii: bool = False) -> bytes:
    """JSON as DSM writes it: one line, no blanks, keys in alphabetical order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii).encode(
        "utf-8", "surrogateescape"
    )


def _parse_form(text: str) -> Sequence[Tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _dispatch(request: Request, state: State, apis: Mapping[str, Api]) -> Any:
    parameters = request.parameters
    if not all(parameters.get(name) for name in ("api", "method", "version")):
        raise Refusal(_MISSING)
    offer = state.preset.apis.get(parameters["api"])
    script = request.path.split("/")[2]  # /webapi/entry.cgi, or /webapi/entry.cgi/SYNO.Some.Api
    if offer is None or script not in offer.scripts:
        raise Refusal(NO_API)
    version = int(parameters["version"]) if parameters["version"].isdigit() else 0
    api, method = choose(state, apis, parameters["api"], version, parameters["method"])
    session = _find_session(request, state, api, method) if method.session else None
    call = Call(state, version, parameters, request.uploads, session, api.invalid)
    return perform(method, f"{api.name}.{parameters['method']}", call)


def _find_session(request: Request, state: State, api: Api, method: Method) -> Session:
    in_body = request.parameters.get("_sid", "") if api.name in state.preset.sid_in_body else ""
    session = state.sessions.get(request.sid or in_body)
    if session is None:
        raise Refusal(_NO_SESSION)
    if state.preset.first_call_refusal and not session.used:
        session.used = True
        raise Refusal(state.preset.first_call_refusal)
    if session.token and request.token != session.token:
        raise Refusal(api.without_token)
    if method.administrator and not state.is_administrator(session.account):
        raise Refusal(_NO_PERMISSION)
    if method.mutates and state.generation >= 7 and session.auth_version < 7:
        raise Refusal(_NO_PERMISSION, reason="noprivilege")  # measured on DSM 7.2.1: such a session may read, no more
    return session


def create_handler(serve: Callable[[BaseHTTPRequestHandler], Reply]) -> Type[BaseHTTPRequestHandler]:
    """A handler class for http.server that sends what *serve* says and closes the connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # or curl's "Expect: 100-continue" would stay without an answer
        server_version = "nginx"
        sys_version = ""

        def do_GET(self) -> None:
            reply = serve(self)
            self.close_connection = True
            if reply.body is None:
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Connection", "close")
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_GET  # noqa: N815  the names http.server looks for

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: what arrived is in the state."""

    return Handler

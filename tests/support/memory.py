"""A NAS without sockets and processes: what DSM's tools would do is done on the spot."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from acmewrap.failures import failure
from acmewrap.secrets import Secret
from acmewrap.synology.channel import WebProvisioner
from acmewrap.synology.tools import Tools
from acmewrap.synology.web import ApiError, read_reply
from acmewrap.testing.dsm import tools
from acmewrap.testing.dsm.apis import collect_apis
from acmewrap.testing.dsm.data.presets import load_preset
from acmewrap.testing.dsm.state import State
from acmewrap.testing.dsm.store import CertificateStore

NAME = "certupdater"
PASSWORD = Secret("A-good.password_1")


class Nas:
    """The state of a simulated DSM, and what was asked of it; also a channel, as an administrator's session is one."""

    def __init__(self, generation: int = 7) -> None:
        preset = load_preset("7.2.1" if generation == 7 else "6.2")
        self.state = State(preset, CertificateStore(generation))
        self.apis = collect_apis()
        self.state.add_user("boss", "the password of the boss", administrator=True)

    def run(self, tool: str, *words: str) -> tools.Output:
        return tools.answer(tool, words, self.state, self.apis)

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
        given = [f"{name}={json.dumps(value)}" for name, value in parameters.items()]
        reported = self.run("synowebapi", f"api={api}", f"method={method}", f"version={version}", *given)
        return read_reply(
            json.loads(reported.stdout), lambda code: ApiError(failure("dsm.refused", f"error {code}"), code)
        )

    def maximum(self, api: str) -> Optional[int]:
        offer = self.state.preset.apis.get(api)
        return None if offer is None else offer.maximum

    @property
    def writes(self) -> List[str]:
        return [request.name for request in self.state.requests if tools.is_write(request, self.apis)]


class OnBox(Tools):
    """DSM's tools for root, without starting any; the words of each call are kept."""

    def __init__(self, nas: Nas) -> None:
        super().__init__("", "http://127.0.0.1:9")
        self.nas = nas
        self.words: List[str] = []

    def _run(self, tool: str, *words: str, any_status: bool = False) -> str:
        self.words.append(" ".join((tool, *words)))
        reported = self.nas.run(tool, *words)
        assert any_status or reported.status == 0, reported
        return (
            f"[Line 265] Not a json value: {words[0]}\n{reported.stdout}" if tool == "synowebapi" else reported.stdout
        )

    def _replace(self, name: str, passing: Secret, password: Secret) -> None:
        assert self.nas.state.users[name].password == passing.reveal()
        WebProvisioner(self.nas).set_password(name, password)

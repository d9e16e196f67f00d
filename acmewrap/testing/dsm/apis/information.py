"""``SYNO.API.Info``: where a client learns which APIs there are, in which versions, and at which path."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..call import Api, Call, Method
from ..data.bodies import fill


def describe_apis(apis: Mapping[str, Api]) -> Api:
    """The API that tells of *apis*: only of those asked for, or of ``all``."""

    def query(call: Call) -> Dict[str, Any]:
        offers = call.state.preset.apis
        wanted = call.raw("query").split(",")
        return {
            api.name: api.describe(offers[api.name])
            for api in (*apis.values(), information)
            if api.name in offers and (api.name in wanted or wanted == ["all"])
        }

    information = Api(
        "SYNO.API.Info",
        {"query": Method(query, session=False, administrator=False)},
        json=False,
    )
    return information


def _tell_system(call: Call) -> Dict[str, Any]:
    return fill("system_info", firmware_ver=f"DSM {call.state.preset.firmware}")


APIS: Tuple[Api, ...] = (Api("SYNO.Core.System", {"info": Method(_tell_system)}),)

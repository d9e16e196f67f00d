"""``SYNO.API.Info``: where a client learns which APIs there are, in which versions, and at which path."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ..call import Api, Call, Method


def describe_apis(apis: Mapping[str, Api]) -> Api:
    """The API that tells of *apis*: only of those asked for, or of ``all``."""

    def query(call: Call) -> Dict[str, Any]:
        generation = call.state.generation
        wanted = call.raw("query").split(",")
        return {
            api.name: api.describe(generation)
            for api in (*apis.values(), information)
            if generation in api.versions and (api.name in wanted or wanted == ["all"])
        }

    information = Api(
        "SYNO.API.Info",
        {6: (1, 1), 7: (1, 1)},
        {"query": Method(query, session=False, administrator=False)},
        paths={6: ("query.cgi",), 7: ("entry.cgi", "query.cgi")},
        json=False,
    )
    return information

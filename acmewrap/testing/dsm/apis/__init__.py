"""The simulated APIs, a module per family."""

from __future__ import annotations

from typing import Dict

from ..call import Api
from . import accounts, authentication, certificates, information, privileges, tasks


def collect_apis() -> Dict[str, Api]:
    """Every API that is simulated, by name."""
    families = (information, authentication, certificates, accounts, privileges, tasks)
    apis = {api.name: api for family in families for api in family.APIS}
    own = information.describe_apis(apis)
    return {**apis, own.name: own}

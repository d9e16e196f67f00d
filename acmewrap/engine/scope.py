"""What each command may do: which kinds of steps, under which conditions, and which parts of the machine it looks at."""

from __future__ import annotations

from typing import Literal, Mapping

from ..plan.planner import PlanOptions
from ..plan.steps import CERTIFICATE_KINDS, OBTAINING_KINDS
from ..state.machine import CERTIFICATE_PARTS

CommandName = Literal["apply", "install", "render", "issue", "deploy", "cron", "rehearse", "upgrade"]

SCOPES: Mapping[CommandName, PlanOptions] = {
    "apply": PlanOptions(),
    # No login to a NAS for these.
    "install": PlanOptions(("install",), frozenset(("release",))),
    "render": PlanOptions(("bundle", "render"), frozenset(("wrapper", "bundle"))),
    "issue": PlanOptions(OBTAINING_KINDS, CERTIFICATE_PARTS),
    "deploy": PlanOptions(("deploy",), frozenset(("certificates", "wire", "nas"))),
    # Failures wait out their time, and nothing but files is read before a certificate is due.
    "cron": PlanOptions(CERTIFICATE_KINDS, CERTIFICATE_PARTS, respect_backoff=True, reissue_on_change=False),
    # The webroot is taken as it is: whether it works is the question.
    "rehearse": PlanOptions(("install", "bundle", "issue"), frozenset(("release", "bundle", "certificates"))),
    "upgrade": PlanOptions(("install", "render"), frozenset(("release", "wrapper"))),
}

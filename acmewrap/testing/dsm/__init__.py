"""A simulated Synology DSM, faithful where certificates are concerned: see :class:`DsmSimulator`."""

from .data.presets import NAMES, Preset, from_support, load_preset
from .faults import Effect, Fault
from .simulator import IMPORT, LIST, LOGIN, DsmSimulator
from .state import Login, RecordedRequest, Session, Share, State, Task, Upload, User
from .store import CertificateStore, Service, StoredCertificate

__all__ = [
    "IMPORT",
    "LIST",
    "LOGIN",
    "NAMES",
    "CertificateStore",
    "DsmSimulator",
    "Effect",
    "Fault",
    "Login",
    "Preset",
    "RecordedRequest",
    "Service",
    "Session",
    "Share",
    "State",
    "StoredCertificate",
    "Task",
    "Upload",
    "User",
    "from_support",
    "load_preset",
]

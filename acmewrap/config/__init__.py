"""What the user wants: YAML text -> nodes with line numbers -> frozen dataclasses, which are those of :mod:`.model`."""

from __future__ import annotations

from .load import MissingConfigurationError, find, load, places, schema
from .model import Config

__all__ = ["Config", "MissingConfigurationError", "find", "load", "places", "schema"]

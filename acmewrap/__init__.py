"""acmewrap: one YAML file in, a proven certificate out. A thin wrapper around acme.sh."""

__version__ = "0.1.0"

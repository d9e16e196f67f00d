"""acme.sh, and only it: one release, one home, one call at a time, through :class:`.acmesh.AcmeSh`. Needs no YAML file."""

"""acme.sh, and only it: one installed release, one home, one call at a time. Needs no YAML file.

The public way in is :class:`acmewrap.driver.acmesh.AcmeSh`.
"""

"""The folder that acme.sh keeps its accounts and certificates in: read, copied for each call, replaced in one step, recovered."""

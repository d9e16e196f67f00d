"""The pinned acme.sh: what is pinned, where it can come from, and its installation, verified file by file."""

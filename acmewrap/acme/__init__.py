"""The authority, asked directly (RFC 8555, RFC 9773): its directory, its renewal information, the Retry-After of its refusals.

Anything that takes an account or a signature belongs to acme.sh, and so into :mod:`acmewrap.driver`.
"""

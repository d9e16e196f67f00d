"""Talking to others: TLS and whom it trusts, HTTP with a deadline for all of an exchange. Knows nothing of ACME or DSM."""

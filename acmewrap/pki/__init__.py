"""Certificates and PEM as bytes (RFC 5280, RFC 7468): read and compared, never judged."""

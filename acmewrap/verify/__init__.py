"""Proving it: which certificate a server or the installed files show. Compares, and needs no trust to look."""

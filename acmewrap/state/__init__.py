"""What is there: the machine as it was found, one module per kind of thing, and what earlier runs have written down.

Reads and changes nothing but its own ledger. What is to be done about it is decided in :mod:`acmewrap.plan`.
"""

"""Results in words, tables and JSON: the only place where sentences about steps are made."""

"""DSM: its web API and its tools on the NAS, the account, the certificates, the tasks."""

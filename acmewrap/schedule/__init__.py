"""The entry that starts the unattended run, and what keeps such entries: crontab, systemd, DSM's Task Scheduler."""

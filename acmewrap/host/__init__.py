"""The machine that this runs on: the webroot, whose files they are, the log."""

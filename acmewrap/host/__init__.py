"""The machine that this runs on: the webroot, files for servers and whose they are, the log."""

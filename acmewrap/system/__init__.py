"""The machine that this runs on: reading and replacing files, asking its programs, and whose rights count there."""

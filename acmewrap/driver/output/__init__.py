"""What acme.sh printed, as data: lines to events, and a failed call to one entry of the catalogue."""

"""Text as it comes from outside or goes there: lines that are safe to show, JSON, times."""

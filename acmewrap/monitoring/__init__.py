"""How runs are reported: metrics, pings, messages. Nothing here decides how a run ends, and no run imports it unasked."""

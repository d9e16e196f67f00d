"""What others are told of runs: metrics, pings, messages. Nothing here decides how a run ends, and no run imports it unasked."""

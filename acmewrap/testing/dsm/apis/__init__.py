"""The simulated APIs, a module per family."""

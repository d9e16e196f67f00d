"""How each step of a plan is performed, and how its result is shown to be there; in which order is the engine's matter."""

"""YAML nodes to typed values, with the line of every problem. Knows nothing of certificates."""

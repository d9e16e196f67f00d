"""Whose rights count: laying root's down, and who could change what root is to work with."""

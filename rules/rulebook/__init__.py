"""Rulebooks as people write them: their shape, their faults, and how two differ."""

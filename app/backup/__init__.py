"""Backups of a data directory: one archive of everything as it is at one instant, and its restoration."""

"""Audit, checkpoints, journal positions, jobs, settings and tokens."""

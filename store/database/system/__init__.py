"""Audit, checkpoints, journal positions, jobs, settings and access tokens."""

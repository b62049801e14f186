"""Channels: each sends one message to one person, and reads what its provider pushes to us."""

"""Faults of devices, platforms and networks, applied to the messages of a simulated town."""

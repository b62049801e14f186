"""Faults of devices, platforms and networks, applied to the measurements and messages of a simulated town.

`FaultSet` (fault_set.py) composes them; `FAULTS` (catalog.py) lists them by name with their parameters, and what each
may rightly change in what people are notified of.
"""

"""Checks a site folder for `fengshao check`: faults of all files, and warnings."""

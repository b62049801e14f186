"""Vendor fields and words become our quantities; the code stands beside its YAML."""

"""Vendor fields and words become our quantities; the code is beside its YAML."""

"""Composition root: configuration, command line, service; the only package that imports all others."""

"""Simulated message providers: small HTTP servers, written from the vendors' documentation.

They share no code with alerts/: a client and the provider it is tested against must never share a mistake.
"""

"""Message providers that answer like the real ones: small HTTP servers, written from the vendors' pages.

They know nothing of alerts/: a client and the provider it is tested against must never share a mistake.
"""

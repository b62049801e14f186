"""Escalation: the ladder, the roster, and notices about dangers that joined."""

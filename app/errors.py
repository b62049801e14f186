"""The base of every error that a person can put right: commands print its message without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something the operator can put right. The message says what is wrong and what to write or do instead."""

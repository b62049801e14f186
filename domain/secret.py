"""A secret value, such as a token or a signing key, that never shows itself in a log or a traceback."""

from __future__ import annotations


class Secret:
    """A text that only `reveal` returns; `repr` and `str` give `***`.

    >>> secret = Secret("hunter2")
    >>> secret, f"{secret}", secret.reveal()
    (***, '***', 'hunter2')
    """

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

"""How much of a costly trial `make test` runs, and how much `make test-thorough`.

What moved to the longer command is listed in docs/decisions/0084-two-lengths-of-tests.md. A trial without a short
form is marked `thorough`, and left out of `make test` as a whole. Hypothesis runs the number of examples of its profile
(tests/conftest.py) where a test does not say another.
"""

from __future__ import annotations

from typing import Final, TypeVar

from hypothesis import settings

T = TypeVar("T")
IS_LONG: Final = settings.get_current_profile_name() in ("thorough", "explore")


def examples(long: int, short: int) -> int:
    """The number of examples, messages or kills of a trial."""
    return long if IS_LONG else short


def share_of(cases: list[T], part: int, parts: int) -> list[T]:
    """All cases in the long form, else every `parts`-th from `part` on: tests beside each other take other parts."""
    return cases if IS_LONG else cases[part::parts]

"""Parts of the configuration that cannot be used: the service starts without them and says so (docs/decisions/0089).

A part is one channel, provider, subscriber or server, by its place in site.yaml. What builds it raises: a secret that
the environment lacks, a certificate that cannot be read, an address that is none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from app.errors import UserError

T = TypeVar("T")

log = logging.getLogger("fengshao.site")


class UnusableSettings:
    """Builds each part, or what takes its place. Commands that try one part use RAISING instead."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        """Part -> why it is not used; in one sentence, without the values of secrets."""

    def attempt(self, part: str, build: Callable[[], T], otherwise: Callable[[str], T]) -> T:
        """The part; where building it raises, the result of `otherwise` with the reason."""
        try:
            return build()
        except UserError as error:
            reason = str(error)
        except Exception as error:
            # A start at night must not fail by one part, whatever its library raises for a value.
            log.exception("not used: %s", part)
            reason = f"{part}: {type(error).__name__}: {error}"
        self.leave_out(part, reason)
        return otherwise(reason)

    def leave_out(self, part: str, reason: str) -> None:
        """The service runs without this part."""
        self.reasons[part] = reason
        log.error("not used: %s", reason)

    @property
    def lines(self) -> list[str]:
        """The reasons, one a part, in the order in which they were found."""
        return list(dict.fromkeys(self.reasons.values()))


class _Raising(UnusableSettings):
    """Every part must be usable."""

    def attempt(self, part: str, build: Callable[[], T], otherwise: Callable[[str], T]) -> T:
        """The part. Raises what building it raises."""
        del part, otherwise
        return build()


RAISING = _Raising()

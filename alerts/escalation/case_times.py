"""Times of the case process that a ladder may state: hand-over, supervision, verification, re-alarm, shelving.

What a ladder does not state follows from its most severe severity. The values for critical dangers are multiples of
the ten minutes in which a person must be at the door (cities: 1 分钟接单、10 分钟到场).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

from domain import DAY, HOUR, MINUTE, Severity
from domain.duration import Duration


class CaseDefaults(Struct, frozen=True):
    """Defaults of one severity, in ms. `realarm_ms` None: never told again."""

    return_ms: int
    supervise_after_ms: int
    supervise_ms: int
    ask_verifier_ms: int
    realarm_ms: int | None
    shelve_max_ms: int
    second_verify_ms: int


DEFAULTS: Final = {
    Severity.CRITICAL: CaseDefaults(15 * MINUTE, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE, 15 * MINUTE, DAY, 2 * HOUR),
    Severity.HIGH: CaseDefaults(HOUR, 10 * MINUTE, HOUR, HOUR, 30 * MINUTE, DAY, 4 * HOUR),
    Severity.MEDIUM: CaseDefaults(4 * HOUR, 30 * MINUTE, 4 * HOUR, 4 * HOUR, None, DAY, DAY),
    Severity.LOW: CaseDefaults(DAY, 2 * HOUR, DAY, DAY, None, DAY, 2 * DAY),
}


class Supervision(BaseModel):
    """Who supervises (督办), how long after a passed deadline they are told first, and at which interval again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str
    after: Duration | None = None
    every: Duration | None = None


class CaseTimes(BaseModel):
    """The part of a ladder about the case process; every field may be left out.

    `return_within`: how long a chosen body may take to answer. `verify_by`: the role that verifies (default: the rung
    above the handler's), `verify_wait`: how long one person is waited for. `second_verify_within`: how
    long the street may take to verify a citizen's report after that. `realarm_after`: an owned alert whose device
    still reports the danger is told again. `shelve_max`: longest shelving.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    return_within: Duration | None = None
    supervise: Supervision | None = None
    verify_by: str | None = None
    verify_wait: Duration | None = None
    second_verify_within: Duration | None = None
    realarm_after: Duration | None = None
    shelve_max: Duration | None = None

    def case_times(self, severity: Severity) -> CaseDefaults:
        """The times in force, with the defaults of this severity."""
        default = DEFAULTS[severity]
        supervise = self.supervise
        return CaseDefaults(
            return_ms=self.return_within or default.return_ms,
            supervise_after_ms=_given(supervise.after if supervise else None, default.supervise_after_ms),
            supervise_ms=(supervise.every if supervise else None) or default.supervise_ms,
            ask_verifier_ms=self.verify_wait or default.ask_verifier_ms,
            realarm_ms=self.realarm_after or default.realarm_ms,
            shelve_max_ms=self.shelve_max or default.shelve_max_ms,
            second_verify_ms=self.second_verify_within or default.second_verify_ms,
        )


def _given(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value

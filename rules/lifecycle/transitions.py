"""The transition table of a rule for one subject: phases, signals, and the next phase for every pair. Total."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """Phase of one rule for one subject."""

    QUIET = "quiet"
    PENDING = "pending"
    """Dangerous, for less than `hold`."""
    FIRING = "firing"
    CLEARING = "clearing"
    """Clear, for less than `release`."""
    STALE = "stale"
    """Firing, and the device fell silent: silence is not recovery."""


class Signal(StrEnum):
    """What an event means for a rule."""

    DANGER = "danger"
    DEADBAND = "between"
    """No longer dangerous, not yet clear."""
    CLEAR = "clear"
    NO_DATA = "no_word"
    """A reading without these quantities, or with unknown values."""
    HOLD_ELAPSED = "held"
    """The danger lasted for `hold`."""
    RELEASE_ELAPSED = "released"
    """The all-clear lasted for `release`."""
    WENT_SILENT = "silent"
    """The device missed its reporting plan."""
    CANCEL = "cancel"
    """The person took it back in time."""
    RESET = "reset"
    """It is over: a named person reset it, or a late all-clear shows that it had ended before a newer danger began."""


Q, P, F, C, S = Phase.QUIET, Phase.PENDING, Phase.FIRING, Phase.CLEARING, Phase.STALE

_ROWS: Final = {
    #                 QUIET PENDING FIRING CLEARING STALE
    Signal.DANGER: (P, P, F, F, F),
    Signal.DEADBAND: (Q, Q, F, F, F),
    Signal.CLEAR: (Q, Q, C, C, C),
    Signal.NO_DATA: (Q, P, F, C, F),
    Signal.HOLD_ELAPSED: (Q, F, F, C, S),
    Signal.RELEASE_ELAPSED: (Q, P, F, Q, S),
    Signal.WENT_SILENT: (Q, P, S, S, S),
    Signal.CANCEL: (Q, Q, Q, Q, Q),
    Signal.RESET: (Q, Q, Q, Q, Q),
}
TRANSITIONS: Final[dict[tuple[Phase, Signal], Phase]] = {
    (phase, signal): target for signal, row in _ROWS.items() for phase, target in zip(Phase, row, strict=False)
}
"""Total over Phase x Signal: a pair that is missing is a mistake, never a default."""


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documents: never drawn by hand."""
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for (phase, signal), target in TRANSITIONS.items():
        if phase is not target:
            arrows.setdefault((phase, target), []).append(signal.value)
    lines = [f"    {start} --> {end}: {', '.join(signals)}" for (start, end), signals in arrows.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> quiet", *lines])

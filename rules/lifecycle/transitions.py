"""The state table of a rule for one subject: phases, signals, and which signal leads where; total over both."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """Where a watch stands."""

    QUIET = "quiet"
    PENDING = "pending"
    """Dangerous, but not yet for as long as `hold` asks."""
    FIRING = "firing"
    CLEARING = "clearing"
    """The all-clear was given, but not yet for as long as `release` asks."""
    STALE = "stale"
    """Firing, and the device fell silent: silence is not recovery."""


class Signal(StrEnum):
    """What one word says to a watch."""

    DANGER = "danger"
    BETWEEN = "between"
    """No longer dangerous, not yet clear."""
    CLEAR = "clear"
    NO_WORD = "no_word"
    """The device spoke, but not of this, or nothing that can be judged."""
    HELD = "held"
    """The danger lasted for `hold`."""
    RELEASED = "released"
    """The all-clear lasted for `release`."""
    SILENT = "silent"
    """The device missed its reporting plan."""
    CANCEL = "cancel"
    """The person took it back in time."""
    RESET = "reset"
    """It is over: a named person reset it, or a late all-clear shows that it had ended before a newer danger began."""


Q, P, F, C, S = Phase.QUIET, Phase.PENDING, Phase.FIRING, Phase.CLEARING, Phase.STALE

_ROWS: Final = {
    #                 QUIET PENDING FIRING CLEARING STALE
    Signal.DANGER: (P, P, F, F, F),
    Signal.BETWEEN: (Q, Q, F, F, F),
    Signal.CLEAR: (Q, Q, C, C, C),
    Signal.NO_WORD: (Q, P, F, C, F),
    Signal.HELD: (Q, F, F, C, S),
    Signal.RELEASED: (Q, P, F, Q, S),
    Signal.SILENT: (Q, P, S, S, S),
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

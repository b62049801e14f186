"""Whether evaluation goes on: entries wait, and none is taken from the journal."""

from __future__ import annotations

from domain import Instant


class EvaluationProgress:
    """Called with the state of the backlog now and then; remembers since when nothing moves."""

    def __init__(self) -> None:
        self._position = -1
        self._since: Instant | None = None

    def stalled_ms(self, position: int, waiting: int, now: Instant) -> int:
        """For how long `waiting` entries have been left while the position stayed the same; 0 while it moves.

        >>> progress = EvaluationProgress()
        >>> [progress.stalled_ms(*state) for state in ((5, 0, 0), (5, 2, 1000), (5, 3, 4000), (6, 2, 5000))]
        [0, 0, 3000, 0]
        """
        if not waiting or position != self._position:
            self._position, self._since = position, None
        if waiting and self._since is None:
            self._since = now
        return 0 if self._since is None else now - self._since

"""One record on its way to the server: which lines are written next, and which values are refused.

A refusal is divided by its sentence (refused_lines.py). An error inside the server (500), or a connection that always
breaks at these lines while the server answers otherwise, may be of a single value:
after some attempts the lines are halved, down to suspects of one value. A suspect is refused only when the server fails
by it between two writes of other lines that it takes.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from store.history.remote.answers import Accepted, NotAdmitted, Refused, TryLater
from store.history.remote.compression import compress, decompress
from store.history.remote.refused_lines import halves, refuse_all, split, split_numbered
from store.refused_values import RefusedValue

FAULTS_MAX: Final = 8
"""Errors of the server for one record before it is divided: with the pauses of the sender, a minute and a half."""
_FAULTS_OF_PART_MAX: Final = 2


class _Trial(Enum):
    """What is written next to decide about a suspect."""

    OTHERS_BEFORE = "others before"
    SUSPECT = "suspect"
    OTHERS_AFTER = "others after"


class Delivery:
    """The lines of a record that are not decided, as request bodies."""

    def __init__(self, body: bytes) -> None:
        self._pending, self._suspects = [body], list[bytes]()
        self._faults, self._faults_max, self._fault = 0, FAULTS_MAX, ""
        self._taken: bytes | None = None
        self._trial = _Trial.OTHERS_BEFORE
        self.refused: list[RefusedValue] = []

    def next(self) -> bytes | None:
        """The body to be written next; None when the record is done."""
        if not self._pending and self._suspects and self._taken is None:
            # Nothing was taken yet: perhaps the server can write nothing at all.
            self._pending, self._suspects = self._suspects, []
        if self._pending:
            return self._pending[-1]
        if not self._suspects:
            return None
        return self._suspects[-1] if self._trial is _Trial.SUSPECT else self._taken

    def answered(self, answer: Accepted | Refused) -> None:
        """The server decided about the body."""
        self._faults = 0
        if self._pending:
            self._decide(self._pending.pop(), answer)
        elif self._trial is _Trial.SUSPECT:
            self._decide(self._suspects.pop(), answer)
        else:
            if self._trial is _Trial.OTHERS_AFTER:
                self.refused += refuse_all(decompress(self._suspects.pop()), self._fault)
            self._trial = _Trial.SUSPECT

    def failed(self, answer: TryLater | NotAdmitted) -> None:
        """The server did not decide. The same body is next, unless the server fails by it again and again."""
        if not isinstance(answer, TryLater) or not answer.is_fault:
            return
        if not self._pending:
            is_suspect = self._trial is _Trial.SUSPECT
            self._trial, self._fault = (_Trial.OTHERS_AFTER if is_suspect else _Trial.OTHERS_BEFORE), answer.sentence
            return
        self._faults += 1
        if self._faults >= self._faults_max:
            self._faults, self._faults_max = 0, _FAULTS_OF_PART_MAX
            body = self._pending.pop()
            groups = halves(decompress(body))
            self._push(groups)
            self._suspects += [] if groups else [body]

    def _decide(self, body: bytes, answer: Accepted | Refused) -> None:
        if isinstance(answer, Accepted):
            self._taken = body
            return
        lines = decompress(body)
        found = split_numbered(lines, answer.lines) if answer.lines else split(lines, answer.sentence)
        self.refused += found.refused
        self._push(found.groups)

    def _push(self, groups: tuple[tuple[str, ...], ...]) -> None:
        self._pending += [compress("\n".join(group)) for group in groups]

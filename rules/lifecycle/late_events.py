"""What a word means in event time, whatever overtook it on its way: the words it stands for, given what a watch knows.

Dangers pass a backlog, and a night may arrive in one batch; the findings are those of a quiet day all the same. It
knows no devices and changes nothing.
"""

from __future__ import annotations

from typing import Final

from domain import Instant
from rules.lifecycle.state_machine import TOLD_OF, Patience, Watch, Word, matured
from rules.lifecycle.transitions import Phase, Signal

_CALM: Final = frozenset({Signal.BETWEEN, Signal.CLEAR})


def unfolded(patience: Patience, watch: Watch, word: Word) -> tuple[Word, ...]:
    """What one word says to a watch in event time, whatever overtook it: mostly just itself.

    A wait that was over before the word, by the device's clock, is completed first: a whole night in one batch is
    judged as it would have been live. A late all-clear between two dangers heard in a row ends one and begins another,
    and what is taken back is not the newer danger.

    >>> from rules.lifecycle.state_machine import QUIET_WATCH, step
    >>> watch, _ = step(Patience(), QUIET_WATCH, Word(Signal.DANGER, at=10), now=10)
    >>> watch, _ = step(Patience(), watch, Word(Signal.DANGER, at=30), now=11)
    >>> [(word.signal.value, word.at) for word in unfolded(Patience(), watch, Word(Signal.CLEAR, at=20))]
    [('reset', 20), ('danger', 30)]
    """
    over = matured(patience, watch) if _breaks(patience, watch, word) else None
    if over is not None and over.at < word.at:
        return over, word
    if word.signal is Signal.CANCEL:
        return word, *_again(patience, watch, word.at)
    if patience.latch or patience.event or not _is_late_clear(watch, word):
        return (word,)
    return _parted(patience, watch, word) or (word,)


def came_back(watch: Watch, word: Word) -> Instant | None:
    """When danger was heard again after an all-clear that is only heard of now; None when it was not."""
    if watch.phase not in TOLD_OF or not _is_late_clear(watch, word):
        return None
    return next((at for at in watch.dangers if at > word.at), None)


def _is_late_clear(watch: Watch, word: Word) -> bool:
    return word.signal is Signal.CLEAR and watch.begin < word.at < watch.word_at


def _breaks(patience: Patience, watch: Watch, word: Word) -> bool:
    """It would end a wait that time alone completes."""
    if watch.phase is Phase.CLEARING:
        return word.signal is Signal.DANGER
    return watch.phase is Phase.PENDING and patience.hold_by_clock and word.signal in _CALM


def _parted(patience: Patience, watch: Watch, clear: Word) -> tuple[Word, ...]:
    """Tells anew what followed a late all-clear, if it lasted long enough to have ended what stood then."""
    over = clear.at + (0 if watch.phase is Phase.PENDING else patience.release_ms)
    again = _again(patience, watch, clear.at)
    if not again or again[0].at <= over:
        return ()
    calm = [Word(Signal.CLEAR, watch.since)] if watch.phase is Phase.CLEARING and watch.since > again[-1].at else []
    return Word(Signal.RESET, over, evidence=clear.evidence), *again, *calm


def _again(patience: Patience, watch: Watch, after: Instant) -> tuple[Word, ...]:
    """The dangers heard after an instant, in words."""
    later = [at for at in watch.dangers if at > after]
    words = [Word(Signal.DANGER, at, watch.severity, evidence=watch.evidence, ahead=True) for at in later]
    if not patience.event:
        return tuple(words)
    return tuple(each for word in words for each in (word, Word(Signal.CLEAR, word.at)))

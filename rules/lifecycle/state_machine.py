"""The law of every rule: what one word about a subject does to the watch kept on it. It knows no conditions, devices,
quantities or clocks; `now` is an argument, and a wait is a `wake_at` inside the watch, which the host owes.

Two times meet here. `at` is the device's event time: holds and releases are measured in it. `now` is journal time:
what is not contradicted by then completes at `wake_at`. A quiet rule holds no watch: QUIET_WATCH stands for it.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain import Evidence, Instant, Severity, Subject
from domain import Phase as Said
from rules.lifecycle.transitions import TRANSITIONS, Phase, Signal

Q, P, F, C, S = Phase.QUIET, Phase.PENDING, Phase.FIRING, Phase.CLEARING, Phase.STALE


class Patience(Struct, frozen=True):
    """How long a rule waits: what of a rule the law needs. `silence_ms` None means silence is not judged."""

    hold_ms: int = 0
    release_ms: int = 0
    hold_by_clock: bool = True
    """Whether a hold completes when nothing more is heard (`if_silent: fire`)."""
    latch: bool = False
    """An all-clear does not end it; a person resets it."""
    silence_ms: int | None = None
    event: bool = False
    """It happened and has no end to tell: not pressing again is no recovery. After `release` it may happen anew."""


class Watch(Struct, frozen=True, gc=False):
    """All that is remembered about one rule and one subject. A value: it can be written down and read back anywhere."""

    phase: Phase
    since: Instant = 0
    """Event time at which the present danger, or the present all-clear, began."""
    begin: Instant = 0
    """Event time at which the danger began that is being told: part of the finding's id."""
    word_at: Instant = 0
    """Event time of the newest word that counted."""
    peak_at: Instant = 0
    """Event time of the newest word as severe as `severity`."""
    wake_at: Instant | None = None
    severity: Severity = Severity.LOW
    late: bool = False
    """It began with a word older than what the device had said by then."""
    evidence: tuple[Evidence, ...] = ()
    subject: Subject | None = None
    version: str = ""
    """Whom it is about and by which version of the rule, as it was when it began: the finding keeps its id."""
    dangers: tuple[Instant, ...] = ()
    """Event times of the dangers heard since `begin`, the most telling ones: a late all-clear falls between two."""


class Word(Struct, frozen=True, gc=False):
    """One thing said about a subject: by a reading (`at` is event time) or by time itself."""

    signal: Signal
    at: Instant
    severity: Severity = Severity.LOW
    late: bool = False
    """Older than the newest reading of the device."""
    evidence: tuple[Evidence, ...] = ()
    subject: Subject | None = None
    version: str = ""
    ahead: bool = False
    """It overtook others: what the device said before may still come. It completes no hold that the clock completes."""
    measured_at: Instant | None = None
    """Event time of the values it was judged by, where that is earlier than `at`: time or another finding changed the
    answer, not the device. What the device said in between still counts."""

    @property
    def heard_at(self) -> Instant:
        """Event time of what the device said."""
        return self.at if self.measured_at is None else self.measured_at


class Effect(Struct, frozen=True, gc=False):
    """What is to be told: a phase of a finding, at an event time. `watch` is the watch it is told from."""

    said: Said
    at: Instant
    watch: Watch


Step = tuple[Watch, tuple[Effect, ...]]
QUIET_WATCH: Final = Watch(Q)
MOST_DANGERS: Final = 64
"""Remembered of one watch; memory has a limit, however long a device cries."""
NOTHING: Final[tuple[Effect, ...]] = ()

_TOLD: Final[dict[tuple[Phase, Phase], Said]] = {
    (P, F): Said.BEGAN,
    (F, S): Said.STALE,
    (C, S): Said.STALE,
    (S, F): Said.GRADED,  # same severity: the device is heard again, the danger stands
    (C, Q): Said.ENDED,
}
"""What a change of phase tells. PENDING is told nobody, and neither is the wait of an all-clear."""


def step(patience: Patience, watch: Watch, word: Word, now: Instant) -> Step:
    """One word. Returns the same watch and NOTHING when nothing changes.

    >>> patience = Patience(hold_ms=30_000)
    >>> watch, told = step(patience, QUIET_WATCH, Word(Signal.DANGER, at=10_000), now=10_000)
    >>> watch.phase.value, watch.wake_at, told
    ('pending', 40000, ())
    >>> watch, told = step(patience, watch, Word(Signal.HELD, at=40_000), now=40_000)
    >>> watch.phase.value, told[0].said.value, watch.begin
    ('firing', 'began', 10000)
    """
    if word.signal in _SPOKEN:
        if word.heard_at < watch.word_at:
            return _contradicted(patience, watch, word, now)
        if watch.phase is P and _outlived(patience, watch, word):
            watch = QUIET_WATCH
    if watch.phase is Q and word.signal is not Signal.DANGER:
        return QUIET_WATCH, NOTHING
    if patience.latch and word.signal is Signal.CLEAR and watch.phase in TOLD_OF:
        word = replace(word, signal=Signal.BETWEEN)
    return _settled(patience, *_moved(patience, watch, word, now), word, now)


def _outlived(patience: Patience, watch: Watch, word: Word) -> bool:
    """A hold this word cannot complete: it began in an old strip, or it must be seen and nobody looked for too long."""
    unseen = not patience.hold_by_clock and patience.silence_ms is not None
    return (watch.late and not word.late) or (unseen and word.heard_at - watch.word_at > (patience.silence_ms or 0))


_SPOKEN: Final = frozenset({Signal.DANGER, Signal.BETWEEN, Signal.CLEAR})
TOLD_OF: Final = frozenset({F, C, S})
"""A finding stands: it has begun and has not ended."""


def _moved(patience: Patience, watch: Watch, word: Word, now: Instant) -> Step:
    """The table's answer to one word, before waits that are already over are settled."""
    phase = TRANSITIONS[watch.phase, word.signal]
    if phase is watch.phase:
        return _stayed(patience, watch, word)
    if phase is Q:
        return QUIET_WATCH, _farewell(patience, watch, word)
    after = _entered(patience, watch, word, phase, now)
    said = _TOLD.get((watch.phase, phase))
    told = NOTHING if said is None else (Effect(said, word.at, after),)
    if watch.phase is P or word.signal is not Signal.DANGER:
        return after, told
    after, graded = _graded(patience, after, word)
    return after, graded or told


def _farewell(patience: Patience, watch: Watch, word: Word) -> tuple[Effect, ...]:
    if watch.phase is P or (patience.event and word.signal is Signal.RELEASED):
        return NOTHING
    said = Said.WITHDRAWN if word.signal is Signal.CANCEL else Said.ENDED
    evidence = word.evidence or watch.evidence
    return (Effect(said, word.at, replace(watch, evidence=evidence)),)


def _entered(patience: Patience, watch: Watch, word: Word, phase: Phase, now: Instant) -> Watch:
    if phase is P:
        wake_at = now + patience.hold_ms if patience.hold_by_clock else None
        return Watch(
            phase=P, since=word.at, begin=word.at, word_at=word.heard_at, peak_at=word.at, wake_at=wake_at,
            severity=word.severity, late=word.late, evidence=word.evidence, subject=word.subject, version=word.version,
            dangers=(word.at,),
        )  # fmt: skip
    if phase is C:
        # What the device said before a finding began by time alone may still come: no end before the beginning.
        since, wake_at = max(word.at, watch.begin), now + patience.release_ms
        return replace(watch, phase=C, since=since, word_at=word.heard_at, wake_at=wake_at, late=False)
    begin = watch.since if watch.phase is P else watch.begin
    wake_at = now + patience.silence_ms if phase is F and patience.silence_ms is not None else None
    word_at = word.heard_at if word.signal in _SPOKEN else watch.word_at
    return replace(watch, phase=phase, begin=begin, word_at=word_at, wake_at=wake_at)


def _stayed(patience: Patience, watch: Watch, word: Word) -> Step:
    if word.signal not in _SPOKEN:
        return watch, NOTHING
    if word.signal is Signal.DANGER:
        return _graded(patience, watch, word)
    return (watch if word.heard_at == watch.word_at else replace(watch, word_at=word.heard_at)), NOTHING


def _graded(patience: Patience, watch: Watch, word: Word) -> Step:
    """Danger that goes on: up at once; down only after `release` without such severity, so that it cannot chatter."""
    at, heard_at = word.at, word.heard_at
    watch = _noted(watch, at) if at == heard_at else watch
    if word.severity is watch.severity:
        return (watch if heard_at == watch.word_at else replace(watch, word_at=heard_at, peak_at=at)), NOTHING
    if word.severity.rank > watch.severity.rank and at - watch.peak_at < patience.release_ms:
        return replace(watch, word_at=heard_at), NOTHING
    evidence = word.evidence or watch.evidence
    after = replace(watch, word_at=heard_at, peak_at=at, severity=word.severity, evidence=evidence)
    return after, (Effect(Said.GRADED, word.at, after),) if watch.phase is F else NOTHING


def _noted(watch: Watch, at: Instant) -> Watch:
    """Remembers when danger was heard; of too many the one that follows its predecessor most closely is let go."""
    known = watch.dangers
    if at in known or at < watch.begin:
        return watch
    dangers = (*known, at) if not known or at > known[-1] else tuple(sorted((*known, at)))
    if len(dangers) > MOST_DANGERS:
        closest = min(range(1, len(dangers) - 1), key=lambda index: dangers[index] - dangers[index - 1])
        dangers = dangers[:closest] + dangers[closest + 1 :]
    return replace(watch, dangers=dangers)


def _settled(patience: Patience, watch: Watch, told: tuple[Effect, ...], word: Word, now: Instant) -> Step:
    """Completes a wait that is over by the word's own event time."""
    if watch.phase is P and word.signal is Signal.DANGER and _lasted(patience, watch, word):
        after, more = _moved(patience, watch, Word(Signal.HELD, word.at), now)
    elif watch.phase is C and word.signal is Signal.CLEAR and _elapsed(watch, word, patience.release_ms):
        released = Word(Signal.RELEASED, max(word.at, watch.since), evidence=word.evidence)
        after, more = _moved(patience, watch, released, now)
    else:
        return watch, told
    return after, told + more


def _lasted(patience: Patience, watch: Watch, word: Word) -> bool:
    # Only where the clock completes the hold anyway may a word that overtook others be held back: nobody is missed.
    waits = word.ahead and patience.hold_ms and patience.hold_by_clock
    return _elapsed(watch, word, patience.hold_ms) and not waits


def _elapsed(watch: Watch, word: Word, wait_ms: int) -> bool:
    """A wait is over by what the device said, not by what is only remembered: that is the clock's to complete."""
    return not wait_ms or word.heard_at - watch.since >= wait_ms


def _contradicted(patience: Patience, watch: Watch, word: Word, now: Instant) -> Step:
    """A word older than the newest one. It starts and ends nothing; it can only interrupt a wait it falls into.

    A late all-clear closes nothing newer, and a late danger does not undo a newer all-clear: the wait starts afresh
    from the newest word, which is the latest instant it can truly have begun.
    """
    if word.signal is Signal.DANGER:
        watch = _noted(watch, word.at)
    if watch.phase is S:
        return _moved(patience, watch, Word(Signal.NO_WORD, word.at), now)
    interrupts = watch.phase in (P, C) and (watch.phase is P) != (word.signal is Signal.DANGER)
    if not interrupts or word.at <= watch.since:
        return watch, NOTHING
    wait = patience.hold_ms if watch.phase is P else patience.release_ms
    wake_at = None if watch.wake_at is None else now + wait
    return replace(watch, since=watch.word_at, wake_at=wake_at), NOTHING


def matured(patience: Patience, watch: Watch) -> Word | None:
    """What time itself says when a watch's wake-up is due; None when only the engine can tell (silence).

    Its event time is when the wait was over; its journal time is the due instant, whenever the host got to it.
    """
    if watch.phase is P:
        return Word(Signal.HELD, at=watch.since + patience.hold_ms)
    return Word(Signal.RELEASED, at=watch.since + patience.release_ms) if watch.phase is C else None

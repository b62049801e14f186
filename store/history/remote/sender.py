"""Sends spooled records to the history server, in order, in a thread of its own. Nothing waits for it.

A record is written until all of it is accepted or its refused values are kept. A server that is dead, slow or busy is
asked again after a growing pause, or after the one it asked for; meanwhile the spool grows on disk, not in memory.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Condition, Event, Thread
from time import monotonic
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from store.errors import CannotWrite
from store.history import ServerStatus
from store.history.remote.answers import Accepted, NotAdmitted, Refused, TryLater
from store.history.remote.confirmation import STORED_AFTER_S, Confirmation, Verdict
from store.history.remote.delivery import Delivery
from store.history.remote.server import HistoryServer
from store.history.remote.spool import Spool, SpooledRecord
from store.refused_values import RefusedValue

log = logging.getLogger("fengshao.history")

KeepRefused = Callable[[Sequence[RefusedValue]], None]
"""Stores refused values; returns once they are durable. Storing the same value twice changes nothing."""
_LOGGED_EVERY_S: Final = 24 * 3600.0
_UNREACHABLE: Final = TryLater("the history server does not answer /metrics")


class Timing(Struct, frozen=True):
    """Pauses between attempts (doubled each time), and how a server that loses what it accepted is watched."""

    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    check_every_s: float = 5.0
    stored_after_s: float = STORED_AFTER_S


class Sender:
    """The thread that empties a spool. `confirms`: the server may lose the last seconds of what it accepted."""

    def __init__(
        self, spool: Spool, server: HistoryServer, keep_refused: KeepRefused, *, confirms: bool, timing: Timing
    ) -> None:
        self._spool, self._server, self._keep_refused, self._timing = spool, server, keep_refused, timing
        self._confirmation = Confirmation(timing.stored_after_s) if confirms else None
        self._next = spool.confirmed
        self._checked_s = -timing.check_every_s
        self._problem, self._failing_since_s, self._failures = "", 0.0, 0
        self._sent, self._resent, self._unconfirmed = 0, 0, 0
        self._refused: Counter[str] = Counter()
        self._left_out: dict[str, int] = {}
        self._logged_s: dict[str, float] = {}
        self._moved, self._wake, self._stopping = Condition(), Event(), Event()
        self._thread = Thread(target=self._run, name="history-sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """A record was appended."""
        self._wake.set()

    def wait_until_sent(self, within_s: float) -> bool:
        """Wait until the server has accepted everything; not while it does not answer. False: it has not."""
        with self._moved:
            return self._moved.wait_for(lambda: self._is_done() or bool(self._problem), within_s) and self._is_done()

    def stop(self, within_s: float) -> None:
        """Send what waits, as long as the server takes it and at most so long; the rest stays in the spool."""
        self.wait_until_sent(within_s)
        self._stopping.set()
        self._wake.set()
        # A request under way may take until its time-out; what it writes is written again by the next start.
        self._thread.join(within_s)
        self._server.close()

    def status(self) -> ServerStatus:
        """How the server takes what is sent. Safe to call from any thread."""
        problem = self._problem
        return ServerStatus(
            problem=problem,
            failing_s=monotonic() - self._failing_since_s if problem else 0.0,
            waiting_readings=self._spool.readings - self._unconfirmed,
            spool_bytes=self._spool.bytes,
            sent=self._sent,
            resent=self._resent,
            refused=dict(self._refused),
            left_out=dict(self._left_out),
        )

    def _is_done(self) -> bool:
        return self._next >= self._spool.end

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception as error:
                # An error of ours: readings stay in the spool, and the status says so instead of a silent end.
                log.exception("the history sender failed and tries again")
                self._pause(TryLater(f"an error of the service: {type(error).__name__}: {error}"))

    def _step(self) -> None:
        if self._confirmation is not None and self._is_check_due() and not self._check():
            self._pause(_UNREACHABLE)
            return
        self._wake.clear()
        record = self._spool.read(self._next)
        if record is None:
            self._wake.wait(self._timing.check_every_s if self._unconfirmed else None)
            return
        refused = self._write(record)
        if refused is not None and self._keep(refused):
            self._accepted(record)

    def _write(self, record: SpooledRecord) -> list[RefusedValue] | None:
        """Write a record; returns its refused values. None: not written, because of a stop or a restart."""
        delivery = Delivery(record.body)
        while (body := delivery.next()) is not None:
            answer = self._server.write(body)
            if isinstance(answer, Accepted | Refused):
                delivery.answered(answer)
                self._recovered()
            elif not self._wait(answer):
                return None
            else:
                delivery.failed(self._judged(answer))
        return delivery.refused

    def _judged(self, answer: TryLater | NotAdmitted) -> TryLater | NotAdmitted:
        """A connection that broke while the server lives may be of these lines: an error inside it, or a proxy that
        takes a value for an attack. A dead server says nothing about them."""
        if not isinstance(answer, TryLater) or not answer.is_broken or not self._server.answers():
            return answer
        return replace(answer, is_fault=True)

    def _wait(self, answer: TryLater | NotAdmitted) -> bool:
        """Pause. False: the service stops, or the server has restarted and other records come first."""
        before = self._next
        if self._confirmation is not None and isinstance(answer, TryLater) and answer.is_broken:
            self._confirmation.contact_lost()
        if not self._pause(answer):
            return False
        return self._confirmation is None or (self._check() and self._next >= before)

    def _keep(self, refused: Sequence[RefusedValue]) -> bool:
        """Store refused values before the record counts as sent."""
        if not refused:
            return True
        try:
            self._keep_refused(refused)
        except CannotWrite as error:
            self._pause(TryLater(f"refused values cannot be stored: {error}"))
            return False
        for value in refused:
            self._refused[value.reason.value] += 1
            self._log_refusal(value)
        return True

    def _log_refusal(self, value: RefusedValue) -> None:
        """Log the first refusal of a reason, and then one a day: a device that was away for a month is ordinary."""
        now_s = monotonic()
        if now_s - self._logged_s.get(value.reason, -_LOGGED_EVERY_S) >= _LOGGED_EVERY_S:
            self._logged_s[value.reason] = now_s
            log.warning(
                "the history server refuses values (%s), for one %s of %s at %d: %s",
                value.reason.value,
                value.quantity,
                value.device,
                value.at,
                value.sentence,
            )

    def _accepted(self, record: SpooledRecord) -> None:
        self._sent += record.head.readings
        if self._confirmation is None:
            self._spool.confirm(record)
        else:
            self._confirmation.sent(replace(record, body=b""), monotonic())
            self._unconfirmed += record.head.readings
        self._next = record.end
        with self._moved:
            self._moved.notify_all()

    def _is_check_due(self) -> bool:
        confirmation = self._confirmation
        is_due = monotonic() - self._checked_s >= self._timing.check_every_s
        return confirmation is not None and (not confirmation.is_known or (is_due and confirmation.waiting > 0))

    def _check(self) -> bool:
        """Ask the server when it started: confirm what is surely stored, or send again what a restart may have lost."""
        confirmation = self._confirmation
        if confirmation is None:
            return False
        life = self._server.life()
        if life is None:
            confirmation.contact_lost()
            return False
        self._checked_s = monotonic()
        if confirmation.answered(life.started) is Verdict.RESTARTED:
            log.warning("the history server restarted: %d readings are sent again", self._unconfirmed)
            self._resent += self._unconfirmed
            self._unconfirmed = 0
            self._next = self._spool.confirmed
        for record in confirmation.confirmed(self._checked_s):
            self._spool.confirm(record)
            self._unconfirmed -= record.head.readings
        self._left_out = dict(life.left_out)
        return True

    def _pause(self, answer: TryLater | NotAdmitted) -> bool:
        """Wait before the next attempt. False: the service stops."""
        now_s = monotonic()
        if not self._problem:
            self._failing_since_s = now_s
        if answer.sentence != self._problem:
            log.error("the history server takes nothing, readings wait on disk: %s", answer.sentence)
        with self._moved:
            self._problem = answer.sentence
            self._moved.notify_all()
        pause_s = min(self._timing.first_pause_s * 2**self._failures, self._timing.longest_pause_s)
        self._failures = min(self._failures + 1, 16)
        asked_s = answer.after_s if isinstance(answer, TryLater) else None
        return not self._stopping.wait(pause_s if asked_s is None else max(asked_s, self._timing.first_pause_s))

    def _recovered(self) -> None:
        if self._problem:
            log.warning("the history server takes readings again, after %d s", monotonic() - self._failing_since_s)
        self._problem, self._failures = "", 0

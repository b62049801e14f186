"""The intake's status for /metrics: what the broker grants and refuses, what waits, what was left out."""

from __future__ import annotations

from collections.abc import Iterator

from console.dependencies import Sample
from ingest.mqtt.consumer import ConsumerStatus, SessionStatus


def intake_samples(status: ConsumerStatus) -> Iterator[Sample]:
    """Every field of the status."""
    yield Sample("fengshao_intake_frames_total", status.frames, "Messages journaled.")
    yield Sample(
        "fengshao_intake_copies_total", status.session_copies, "Second copies of what the other session brought."
    )
    yield Sample("fengshao_intake_redelivered_total", status.redelivered, "Messages that the broker sent again.")
    yield Sample("fengshao_intake_too_large_total", status.too_large, "Messages of which only the head was kept.")
    yield Sample(
        "fengshao_intake_urgent_left_out", status.urgent_omitted, "Urgent devices beyond intake.urgent_filters_max."
    )
    yield Sample("fengshao_intake_journal_refuses", float(bool(status.journal_error)), "1 while nothing is journaled.")
    for session in (status.urgent, status.bulk):
        yield from _session(session)


def _session(session: SessionStatus) -> Iterator[Sample]:
    labels = {"session": session.name}
    yield Sample("fengshao_session_connected", float(session.connected), "1 while the session is connected.", labels)
    yield Sample("fengshao_session_ready", float(session.ready), "1 while every filter is answered.", labels)
    yield Sample("fengshao_session_granted", session.granted, "Subscription filters granted.", labels)
    yield Sample("fengshao_session_refused", len(session.refused), "Subscription filters refused.", labels)
    yield Sample("fengshao_session_pending_bytes", session.pending_bytes, "Bytes not yet journaled.", labels)
    yield Sample("fengshao_session_paused", float(session.paused), "1 while its socket is not read.", labels)

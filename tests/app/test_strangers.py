"""A gas alarm that nobody registered cries out: people are told once an hour, and when it began."""

from __future__ import annotations

from app.strangers import strangers
from domain import MINUTE, Reason
from ingest.outcome import Refusal

AT = 1_795_269_600_000 + 26 * MINUTE


def cry(at: int) -> Refusal:
    return Refusal(at, "native", "fengshao/v1/ghost/alarm", b"", Reason.UNKNOWN_DEVICE, "", "native", "ghost", True)


def test_the_alert_begins_when_the_stranger_cried_not_at_the_full_hour() -> None:
    (finding,) = strangers([cry(AT)])

    assert (finding.begin, finding.at) == (AT, AT)


def test_a_flood_of_cries_is_one_finding() -> None:
    assert len({finding.id for finding in strangers([cry(AT), cry(AT + MINUTE)])}) == 1

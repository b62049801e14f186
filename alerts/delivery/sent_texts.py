"""The timeline sentence of a message that the provider accepted, by what the message is for. Pure."""

from __future__ import annotations

from typing import Final

from alerts.message import MessageKind

_ANSWERS: Final = (
    MessageKind.CODES,
    MessageKind.DETAILS,
    MessageKind.STATUS,
    MessageKind.DECLINED,
    MessageKind.HELPING,
    MessageKind.REPORT_ANSWERED,
)
SENT_TEXT: Final = {
    MessageKind.ALERT: "accepted",
    MessageKind.ESCALATE: "accepted",
    MessageKind.ACKNOWLEDGED: "taken_sent",
    MessageKind.RESOLVED: "clear_sent",
    MessageKind.OVERDUE: "overdue_sent",
    MessageKind.HINT: "hint_sent",
    MessageKind.ADDED: "added_sent",
    MessageKind.SUMMARY: "summary_sent",
    MessageKind.DIGEST: "digest_sent",
    MessageKind.OWNED: "codes_sent",
    MessageKind.ARRIVED: "codes_sent",
    MessageKind.ASSIST: "assist_sent",
    MessageKind.INFORM: "inform_sent",
    MessageKind.HELPED: "helped_sent",
    MessageKind.HANDOVER: "handover_sent",
    MessageKind.LAPSED: "lapsed_sent",
    MessageKind.SUPERVISE: "supervise_sent",
    MessageKind.ORDER: "order_sent",
    MessageKind.URGED: "urged_sent",
    MessageKind.VERIFY: "verify_sent",
    MessageKind.VERIFY_STREET: "verify_sent",
    MessageKind.MERGED: "merged_sent",
    MessageKind.REALARM: "realarm_sent",
    MessageKind.DISPOSITION: "disposition_sent",
    **dict.fromkeys(_ANSWERS, "answer_sent"),
}
"""Keys of the timeline texts in wording.zh.yaml."""

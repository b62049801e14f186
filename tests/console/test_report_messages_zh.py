"""Every fault, stage and refusal of reports has its Chinese text."""

from __future__ import annotations

from alerts.cases.report import Stage
from alerts.cases.report_steps import ReportRefusal
from console import report_messages_zh
from console.photos.messages import PhotoFault


def test_every_fault_stage_and_refusal_has_its_chinese() -> None:
    assert set(PhotoFault) == set(report_messages_zh.PHOTO_FAULTS)
    assert set(Stage) == set(report_messages_zh.REPORT_STAGES) == set(report_messages_zh.REPORT_STEPS)
    assert set(ReportRefusal) == set(report_messages_zh.REPORT_REFUSALS)

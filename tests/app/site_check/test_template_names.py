"""Misspelt names of texts under `templates`."""

from __future__ import annotations

from app.config.catalog import load_wording
from app.site_check.template_names import template_faults


def test_a_misspelt_name_is_found_under_every_provider() -> None:
    data = {
        "channels": {
            "aliyun_sms": {"templates": {"gaz": "SMS_1", "gas": "SMS_2", "gas.critical": "SMS_3"}},
            "sms": {"providers": [{"templates": {"fire.high": "1"}}, {"templates": {"fyre": "2"}}, 5]},
            "voice": {"providers": [{"templates": {"voice-gas": "TTS_1", "gas": "TTS_2", "voice.low": "3"}}]},
        }
    }
    found = [fault.where for fault in template_faults(data, load_wording(None))]
    assert found == [
        ("channels", "aliyun_sms", "templates", "gaz"),
        ("channels", "sms", "providers", 1, "templates", "fyre"),
        ("channels", "voice", "providers", 0, "templates", "gas"),
    ]
    assert list(template_faults(None, load_wording(None))) == []

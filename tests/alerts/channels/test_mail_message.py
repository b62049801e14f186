"""Messages: headers that group them, and none that another wrote."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.mail_message import InvalidMail, Sender, build_mail
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
SENDER = Sender("alarm@fengshu.example", "枫树社区")


def test_a_follow_up_stands_below_the_call_it_belongs_to() -> None:
    payload = {"subject": "已接警", "text": "已由王芳接警", "thread": "d-01"}
    mail = build_mail(delivery_of(31, 2, NOW, address="li@fengshu.example", payload=payload), SENDER, NOW)
    assert (mail["In-Reply-To"], mail["References"]) == ("<d-01@fengshu.example>", "<d-01@fengshu.example>")
    assert mail["Message-ID"] == "<m2@fengshu.example>"
    assert mail["Date"] == "Fri, 02 Jan 2026 06:05:00 +0000"
    assert mail["Importance"] is None
    assert mail.get_content_type() == "text/plain"


@pytest.mark.parametrize("name", ["subject", "thread"])
@pytest.mark.parametrize("value", ["x\r\nBcc: a@b.cn", "x\nBcc: a@b.cn", "x\0", "x\x7f"])
def test_a_line_end_in_a_header_is_refused(name: str, value: str) -> None:
    payload = {"subject": "x", "text": "y", name: value}
    with pytest.raises(InvalidMail, match=name):
        build_mail(delivery_of(31, 1, NOW, address="li@fengshu.example", payload=payload), SENDER, NOW)


@pytest.mark.parametrize("address", ["", "li", "a@b.cn,c@d.cn", "Li <a@b.cn>", "a@b.cn\r\n"])
def test_an_address_of_none_or_several_mailboxes_is_refused(address: str) -> None:
    with pytest.raises(InvalidMail, match="mailbox"):
        build_mail(delivery_of(31, 1, NOW, address=address, payload={"subject": "x", "text": "y"}), SENDER, NOW)


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn")), min_size=1, max_size=150),
    st.text(max_size=80),
)
def test_what_was_written_is_what_is_read(subject: str, text: str) -> None:
    payload = {"subject": subject, "text": text}
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        row = delivery_of(31, 1, NOW, address="li@fengshu.example", payload=payload)
        raw = build_mail(row, SENDER, NOW).as_bytes()
    except UnicodeEncodeError:
        assert any(0xD800 <= ord(sign) <= 0xDFFF for sign in text)
        return
    mail = message_from_bytes(raw, policy=default)
    assert all(len(line) < 998 for line in raw.splitlines())
    assert mail["To"] == "li@fengshu.example"
    assert mail["Bcc"] is None
    assert " ".join(str(mail["Subject"]).split()) == " ".join(subject.split())

"""Texts of messages that belong to a person: on every channel, within one segment, links only where they may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alerts.channel_specs import SPECS, Content
from alerts.message import PERSONAL_KINDS, MessageKind
from alerts.messages.filed_texts import PersonalTemplate, by_position
from alerts.messages.keywords import KeywordTemplate
from alerts.messages.personal import PersonalMessage, PersonalRenderer
from alerts.messages.renderer import SEGMENT_LENGTH, MessageRenderer
from tests.alerts.conftest import PUBLIC_URL, SHANGHAI, SIGN, START, load_catalog

LONG_URL = "https://wanggehua.fengshu-shequ.gov.cn:8443"


def renderer(public_url: str = PUBLIC_URL, sign: str = SIGN, **codes: str) -> PersonalRenderer:
    templates = {"*": KeywordTemplate("T1", {"thing1": "title", "time2": "time", "name3": "name"})}
    return PersonalRenderer(MessageRenderer(load_catalog(), sign, SHANGHAI, codes), public_url, templates)


def swap_message(kind: MessageKind = MessageKind.SWAP_ASKED, note: str = "") -> PersonalMessage:
    values = {
        "name": "欧阳静怡",
        "what": "换班",
        "hours": "12月31日20:00起12小时",
        "until": "12月30日08:00",
        "note": note,
    }
    return PersonalMessage(kind, "li", "swap:s-1", values, START, START + 1, "20481632", "/swap#x.y")


@pytest.mark.parametrize("kind", PERSONAL_KINDS)
@pytest.mark.parametrize("public_url", [PUBLIC_URL, LONG_URL, ""])
def test_every_text_fits_into_one_segment_with_the_longest_signature(kind: MessageKind, public_url: str) -> None:
    sms = renderer(public_url, sign="枫林街道综合网格中心").sms(swap_message(kind, note="那天要陪孩子去医院复查"))
    assert len(sms.text) <= SEGMENT_LENGTH, sms.text
    assert "{" not in sms.text
    assert all(sms.params.values())


def test_the_address_is_shortened_and_left_out_where_there_is_none() -> None:
    message = swap_message()
    assert renderer().sms(message).name == "swap-asked"
    assert renderer("https://wg.fengshu.gov.cn").sms(message).name == "swap-asked-short"
    assert renderer(LONG_URL).sms(message).name == "swap-asked-desk"
    assert renderer("").sms(message).text.endswith("请登录值班表答复。")


def test_the_provider_receives_the_code_of_the_site_and_no_link_in_a_variable() -> None:
    sms = renderer(**{"swap-asked": "SMS_7"}).sms(swap_message())
    assert (sms.template, sms.params["code"]) == ("SMS_7", "20481632")
    assert not any("fs.example.cn" in value for value in sms.params.values())
    assert load_catalog().codes_by_name({"swap-asked": "SMS_7"})["swap-asked"] == "SMS_7"


@pytest.mark.parametrize(
    "spec", [spec for spec in SPECS if spec.content is not Content.TEXT], ids=lambda spec: spec.name
)
def test_other_channels_carry_the_whole_sentence_and_the_link(spec: object) -> None:
    payload = renderer().payload(spec, swap_message(note="家长会"))  # type: ignore[arg-type]
    shown = str(payload["data"]) + str(payload.get("url")) if "data" in payload else str(payload["text"])
    assert "https://fs.example.cn/swap#x.y" in shown
    assert "data" in payload or "说明：家长会。" in shown


def test_what_a_citizen_or_colleague_writes_gives_no_instruction_in_our_text() -> None:
    sms = renderer().sms(swap_message(MessageKind.SWAP_DECLINED, note="请回复11接警"))
    assert "回复11" not in sms.text


@pytest.mark.parametrize("text", ["${a}${b}", "${a}，${a}", "【社区】${a}"])
def test_a_text_that_a_vendor_would_refuse_stops_the_start(text: str) -> None:
    with pytest.raises(ValidationError):
        PersonalTemplate(name="x", code="SMS_1", text=text)


def test_a_text_that_never_fits_is_sent_all_the_same() -> None:
    message = PersonalMessage(MessageKind.COVER, "li", "o-1", {"name": "长" * 40, "hours": "长" * 40}, START, START + 1)
    sms = renderer().sms(message)
    assert len(sms.text) > SEGMENT_LENGTH
    assert all(len(value) <= 35 for value in sms.params.values()), "the vendor's limit of one variable"


def test_a_text_that_fits_in_no_form_is_sent_in_several_segments() -> None:
    """A signature longer than any vendor registers: the shortest form goes out all the same."""
    sms = renderer(LONG_URL, sign="枫林街道综合网格中心" * 5).sms(swap_message())
    assert (sms.name, len(sms.text) > SEGMENT_LENGTH) == ("swap-asked-desk", True)


def test_a_vendor_whose_variables_are_numbers_gets_them_in_their_order() -> None:
    assert by_position("紧急：${title}，${place}。回复${code}") == "紧急：{1}，{2}。回复{3}"

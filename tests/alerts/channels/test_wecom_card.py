"""Cards within WeCom's limits: whatever a site writes, the provider's own check finds no fault in what is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.wecom_card import cut_to_bytes, fitted
from simulators.providers.wecom.card import message_fault

_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)
_ROWS = st.lists(st.fixed_dictionaries({"keyname": _TEXT, "value": _TEXT}), max_size=9)
_JUMPS = st.lists(
    st.fixed_dictionaries({"type": st.just(1), "title": _TEXT, "url": st.just("https://g.example/m/x")}), max_size=5
)


@given(_TEXT, _TEXT, _TEXT, st.text(max_size=200), _ROWS, _JUMPS, st.lists(_TEXT, min_size=1, max_size=8))
def test_the_provider_finds_no_fault_in_a_fitted_card(
    source: str,
    title: str,
    desc: str,
    advice: str,
    rows: list[dict[str, str]],
    jumps: list[dict[str, object]],
    labels: list[str],
) -> None:
    card = {
        "card_type": "button_interaction",
        "task_id": "mjwaid1k10",
        "source": {"desc": source, "desc_color": 2},
        "main_title": {"title": title, "desc": desc},
        "sub_title_text": advice,
        "horizontal_content_list": rows,
        "jump_list": jumps,
        "button_list": [{"text": label, "style": 1, "key": f"ack:{n}"} for n, label in enumerate(labels)],
    }
    assert message_fault({"msgtype": "template_card", "template_card": fitted(card)}) is None
    assert fitted(fitted(card)) == fitted(card)


def test_a_card_within_the_limits_is_not_changed() -> None:
    card = {
        "task_id": "t",
        "main_title": {"title": "紧急"},
        "button_list": [{"text": "我去处理", "style": 1, "key": "k"}],
    }
    assert fitted(card) == card


@given(st.text(), st.integers(0, 40))
def test_a_text_is_never_cut_within_a_character(text: str, limit: int) -> None:
    cut = cut_to_bytes(text, limit)
    assert text.startswith(cut)
    assert len(cut.encode()) <= limit

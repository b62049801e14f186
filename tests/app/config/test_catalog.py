"""A site's own words, for answers and for texts: what is wrong with them stands at its line before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.reply_parsing.parser import ReplyIntent, parse_reply
from app.config.catalog import WORDING, load_replies, load_wording, missing_site_texts
from app.config.faults import ConfigError


def faults(site: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_replies(site)
    return [f"{Path(fault.file).name}:{fault.line}: {fault.field}: {fault.message}" for fault in error.value.faults]


def test_a_site_adds_words_and_trials(tmp_path: Path) -> None:
    (tmp_path / "replies.zh.yaml").write_text("words:\n  receipt: [妥嘞个儿]\n", "utf-8")
    (tmp_path / "replies_test.zh.yaml").write_text("trials:\n  - {means: take 1, texts: [11妥嘞个儿]}\n", "utf-8")
    assert parse_reply("妥嘞个儿", load_replies(tmp_path)).intent is ReplyIntent.RECEIPT
    assert parse_reply("妥嘞个儿", load_replies()).intent is ReplyIntent.UNCLEAR


def test_a_friendly_word_that_hides_a_negation_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "replies.zh.yaml").write_text("words:\n  receipt: [妥嘞]\n  take: [俺才不管]\n", "utf-8")
    assert faults(tmp_path) == [
        "replies.zh.yaml:3: words.take.0: 俺才不管 contains the negation 不: list it under not_negated too if it "
        "agrees all the same"
    ]


def test_a_site_that_turns_a_refusal_into_an_acceptance_is_refused_by_the_built_in_trials(tmp_path: Path) -> None:
    (tmp_path / "replies.zh.yaml").write_text("words: {take: [没空]}\nnot_negated: [没空]\n", "utf-8")
    messages = faults(tmp_path)
    assert any("'11没空' is read as `take 1`, it must be `pass 1`" in message for message in messages)
    assert all(message.startswith("replies_test.zh.yaml:") for message in messages)


def test_a_failed_trial_of_the_site_is_reported_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "replies_test.zh.yaml").write_text("trials:\n  - {means: take 1, texts: [11, '12']}\n", "utf-8")
    assert "trials.0.texts.0: Input should be a valid string" in faults(tmp_path)[0]
    (tmp_path / "replies_test.zh.yaml").write_text("trials:\n  - {means: take 1, texts: ['11', '12']}\n", "utf-8")
    assert faults(tmp_path) == [
        "replies_test.zh.yaml:2: trials.0.texts.1: '12' is read as `pass 1`, it must be `take 1`"
    ]


def test_a_site_with_texts_of_an_earlier_version_starts_and_the_built_in_ones_it_uses_are_named(
    tmp_path: Path,
) -> None:
    own = tmp_path / "wording.zh.yaml"
    own.write_text(WORDING.read_text("utf-8"), "utf-8")
    assert load_wording(tmp_path) == load_wording()
    assert missing_site_texts(tmp_path) == []
    old = WORDING.read_text("utf-8").replace("kind: owned", "kind: taken").replace("  codes_sent:", "  other_line:")
    own.write_text(old, "utf-8")
    assert load_wording(tmp_path).timeline["codes_sent"] == load_wording().timeline["codes_sent"]
    messages = [f"{fault.field}: {fault.message}" for fault in missing_site_texts(tmp_path)]
    assert messages == [
        *(
            "sms: no text of the kind `owned` for any hazard (`*`) and critical, high, medium, low: the built-in "
            f"template {name} is used, which must be filed with the provider"
            for name in (
                "taken-owner-concluding",
                "taken-owner-concluding-short",
                "taken-owner",
                "taken-owner-many",
            )
        ),
        "timeline.codes_sent: codes_sent is missing, the built-in text is used: write "
        "`codes_sent: 已用{channel}把到场和处置的编号发给 {name}（{role}）`",
    ]

"""The reply parser, with hundreds of examples and with properties that hold for all words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

import alerts
from alerts.reply_parsing.codes import codes_of
from alerts.reply_parsing.grammar import ReplyGrammar, ReplyWords, WordKind, check, plain_text
from alerts.reply_parsing.parser import MAX_REPLY_LENGTH, Certainty, ParsedReply, ReplyIntent, Unclear, parse_reply
from alerts.reply_parsing.trials import ReplyTrials, failures
from tests.support.yaml_text import load_yaml

ALERTS_FOLDER = Path(alerts.__file__).parent
GRAMMAR = ReplyGrammar(**load_yaml((ALERTS_FOLDER / "reply_parsing" / "replies.zh.yaml").read_text("utf-8")))
TRIALS = ReplyTrials(**load_yaml((ALERTS_FOLDER / "reply_parsing" / "replies_test.zh.yaml").read_text("utf-8")))
ACTIONS = (ReplyIntent.ACKNOWLEDGE, ReplyIntent.ARRIVE, ReplyIntent.RESOLVE, ReplyIntent.RECEIPT)
NEGATIONS = [w for w, kind in GRAMMAR.kinds.items() if kind in (WordKind.DECLINE, WordKind.CANNOT, WordKind.NEGATION)]
WORDS = sorted(GRAMMAR.kinds)
SEPARATORS = st.sampled_from(["", " ", "，", "。", "\n", "！", "　"])
NUMBERS = st.sampled_from(["", "11", "12", "13", "14", "21", "1", "2", "１１", "①①", "十一"])


def parse(text: str, *numbers: int) -> ParsedReply:
    return parse_reply(text, GRAMMAR, numbers or (1, 2))


def test_every_example_is_parsed_as_written() -> None:
    assert sum(len(trial.texts) for trial in TRIALS.trials) >= 500
    assert failures(TRIALS, GRAMMAR) == []


def test_the_built_in_words_have_no_fault() -> None:
    assert check(GRAMMAR, GRAMMAR) == []


@given(st.integers(1, 99))
def test_every_printed_code_is_parsed(number: int) -> None:
    printed = {"ok": "take", "no": "pass", "here": "arrive", "done": "resolve"}
    for variable, intent in printed.items():
        assert parse(codes_of(number)[variable], number) == ParsedReply(ReplyIntent(intent), (number,))


@given(st.text(max_size=60))
@example("1" * MAX_REPLY_LENGTH)
@example("\ud800")
@example("十百十")
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    parsed = parse(text)
    assert (parsed.intent is ReplyIntent.UNCLEAR) is (parsed.why is not Unclear.NONE)
    assert set(parsed.numbers) <= {1, 2}


def test_a_text_that_is_too_long_is_unclear() -> None:
    assert parse("11" + " " * MAX_REPLY_LENGTH) == ParsedReply(ReplyIntent.UNCLEAR, why=Unclear.TOO_LONG)


PIECES = st.one_of(st.sampled_from(WORDS), NUMBERS, st.text(max_size=3))


@given(st.lists(PIECES, max_size=3), st.sampled_from(NEGATIONS), st.lists(PIECES, max_size=3), SEPARATORS)
@example([], "去不了", ["马上到"], "")
@example(["我"], "去不了", [], "")
@example(["11", "收到"], "不", ["去"], " ")
def test_a_text_with_a_negation_is_never_an_action(
    before: list[str], negation: str, after: list[str], gap: str
) -> None:
    text = gap.join([*before, negation, *after])
    folded = plain_text(text, GRAMMAR.sign_table)
    # 没问题 agrees; a letter beside `no` makes another word of it; quoted text does not count.
    assume(not any(word in folded for word in GRAMMAR.excepted()))
    assume(negation in GRAMMAR.quoted.sub(" ", folded) and GRAMMAR.first.found_in(folded))
    assume(not negation.isascii() or gap.strip(" 　\n，。！") != gap)
    assert parse(text).intent not in ACTIONS


@given(st.sampled_from(NEGATIONS), st.sampled_from(["11", "21", "1"]))
def test_a_code_beside_a_negation_is_no_action(negation: str, code: str) -> None:
    assume(negation not in GRAMMAR.excepted())
    for text in (f"{code}{negation}", f"{negation}{code}", f"{code} {negation}", f"{negation}，{code}"):
        assert parse(text).intent not in ACTIONS, text


@given(st.sampled_from([w for w, kind in GRAMMAR.kinds.items() if kind is WordKind.DECLINE]))
def test_a_refusal_beside_a_code_declines(word: str) -> None:
    for text in (f"11 {word}", f"11，{word}", word + "，11", f"12 {word}"):
        assert (parse(text).intent, parse(text).numbers) == (ReplyIntent.DECLINE, (1,)), text


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")


@given(
    st.sampled_from(["11", "12", "13", "14", "21", "22"]),
    st.sampled_from(["", "收到", "马上到", "接警", "去不了", "没空", "处置完毕", "到了", "谢谢"]),
    st.sampled_from(["", " ", "。", "！", "～", "\n", "　", "👍"]),
    st.sampled_from(["", " ", ",", "，", ".", "-", "　"]),
)
def test_variants_of_a_reply_mean_the_same(code: str, word: str, end: str, between: str) -> None:
    plain = parse(code + word)
    spaced = between.join(code)
    for variant in (code.translate(FULL_WIDTH), code.translate(CIRCLED), spaced):
        for text in (f"{variant}{word}{end}", f"{end}{variant} {word}", f"{variant}，{word}", " ".join(variant + word)):
            assert (parse(text).intent, parse(text).numbers) == (plain.intent, plain.numbers), text


@given(st.integers(0, 10**12), st.sets(st.integers(1, 99), max_size=6), st.sampled_from(["", "收到", "去不了", "到了"]))
def test_digits_that_are_no_code_of_this_phone_are_no_action(number: int, numbers: set[int], word: str) -> None:
    parsed = parse_reply(f"{number}{word}", GRAMMAR, numbers)
    assert set(parsed.numbers) <= numbers
    if not parsed.numbers and str(number) not in ("1", "2"):
        assert parsed.intent in (ReplyIntent.UNCLEAR, ReplyIntent.DECLINE)


@given(st.integers(1, 99), st.sampled_from([w for w, kind in GRAMMAR.kinds.items() if kind is WordKind.UNIT]))
def test_a_number_with_a_unit_is_no_code(number: int, unit: str) -> None:
    assert parse(f"{number}{unit}", number, number // 10 or 1).intent not in ACTIONS


def test_a_bare_digit_is_marked_as_short() -> None:
    assert parse("1") == ParsedReply(ReplyIntent.ACKNOWLEDGE, (), Certainty.SHORT)
    assert parse("2").certainty is Certainty.SHORT


def test_a_reply_about_one_alert_has_a_number() -> None:
    assert parse("12 22").number is None
    assert parse("11").number == 1


# --- words of a site ------------------------------------------------------------------------------------------------


def reply_words(**changes: Any) -> ReplyWords:
    return ReplyWords(**changes)


def test_a_site_adds_words_of_its_dialect() -> None:
    assert parse("11妥嘞个儿").intent is ReplyIntent.UNCLEAR
    words = reply_words(
        words={"receipt": ["妥嘞个儿"], "pass": ["{莫,木}有功夫咧"]}, signs={"咧": "嘞"}, quotes=["<<.*>>"]
    )
    grammar = GRAMMAR.extended(words)
    assert check(words, grammar) == []
    assert parse_reply("11妥嘞个儿", grammar, [1]).intent is ReplyIntent.ACKNOWLEDGE
    assert parse_reply("木有功夫咧<<11>>", grammar, [1]) == ParsedReply(ReplyIntent.DECLINE)
    assert failures(TRIALS, grammar) == []


def test_a_word_listed_by_a_site_in_another_kind_moves() -> None:
    words = reply_words(words={"doubtful": ["中"]}, longest_promise_min=20)
    grammar = GRAMMAR.extended(words)
    assert parse_reply("中", grammar, [1]).why is Unclear.DOUBTFUL
    assert parse_reply("30分钟到", grammar, [1]).why is Unclear.DOUBTFUL
    assert "得嘞" in grammar.kinds


def test_a_site_cannot_turn_a_refusal_into_an_acknowledgement() -> None:
    words = reply_words(words={"take": ["去不了"]}, not_negated=["去不了"])
    faults = [fault.message for fault in failures(TRIALS, GRAMMAR.extended(words))]
    assert "'11去不了' is read as `take 1`, it must be `pass 1`" in faults


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"take": ["妥嘞"], "pass": ["妥嘞"]}, "妥嘞 stands in take and in pass: keep one"),
        ({"take": ["11收"]}, "11收 holds digits, which are read as codes: write the word without them"),
        ({"take": [" "]}, "is an empty word: remove it"),
        (
            {"take": ["俺才不管"]},
            "俺才不管 contains the negation 不: list it under not_negated too if it agrees all the same",
        ),
    ],
)
def test_an_invalid_word_has_its_position(words: Any, message: str) -> None:
    given_words = reply_words(words=words)
    faults = check(given_words, GRAMMAR.extended(given_words))
    assert [fault.message for fault in faults] == [message]
    assert all(fault.where[:1] == ("words",) for fault in faults)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"words": {"agree": ["好"]}}, "Input should be 'take', 'go'"),
        ({"signs": {"沒有": "没"}}, "must be one sign each"),
        ({"quotes": ["("]}, "is no regular expression"),
    ],
)
def test_an_invalid_list_is_refused(changes: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        reply_words(**changes)


def test_the_built_in_grammar_needs_all_lists() -> None:
    with pytest.raises(ValidationError, match="no words for take, go"):
        ReplyGrammar(words={"pass": ["不去"]})


def test_an_example_needs_an_intent_and_numbers() -> None:
    for means in ("", "agree 1", "take x"):
        with pytest.raises(ValidationError, match="write one of take, pass"):
            ReplyTrials(trials=[{"means": means, "texts": ["11"]}])
    invalid = ReplyTrials(trials=[{"means": "take 2", "texts": ["21", "11"]}])
    (fault,) = failures(invalid, GRAMMAR)
    assert (fault.where, fault.message) == (
        ("trials", 0, "texts", 1),
        "'11' is read as `take 1`, it must be `take 2`",
    )


@pytest.mark.parametrize(
    ("text", "numbers", "why"),
    [
        ("正在来的路上，11，我们已经在场", (1,), Unclear.CONTRADICTION),
        ("修好了，我能去", (1,), Unclear.CONTRADICTION),
        ("2，信息收到", (2,), Unclear.NUMBER_ONLY),
        ("回11", (1, 11), Unclear.NO_SUCH_CODE),
        ("编号1", (1,), Unclear.NUMBER_ONLY),
        ("13 我能去", (1,), Unclear.CONTRADICTION),
    ],
)
def test_contradictory_words_or_codes_are_unclear(text: str, numbers: tuple[int, ...], why: Unclear) -> None:
    parsed = parse_reply(text, GRAMMAR, numbers)
    assert (parsed.intent, parsed.why) == (ReplyIntent.UNCLEAR, why)


def test_a_grammar_with_all_lists_is_accepted() -> None:
    assert ReplyGrammar.model_validate(GRAMMAR.model_dump()) == GRAMMAR


def test_a_code_that_declines_beside_a_request_for_more_people_is_asked_again() -> None:
    reply = parse("12请增援，敲不开门")
    assert (reply.intent, reply.why) == (ReplyIntent.UNCLEAR, Unclear.CONTRADICTION)

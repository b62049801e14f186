"""What people write back, held against hundreds of trials and against properties that no word may break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

import alerts
from alerts.reply_parsing.codes import codes_of
from alerts.reply_parsing.grammar import ReplyGrammar, ReplyWords, WordKind, check, plain_text
from alerts.reply_parsing.parser import MAX_REPLY_LENGTH, Certainty, ParsedReply, ReplyIntent, Unclear, parse_reply
from alerts.reply_parsing.trials import ReplyTrials, failures

ROOM = Path(alerts.__file__).parent
GRAMMAR = ReplyGrammar(**yaml.safe_load((ROOM / "reply_parsing" / "replies.zh.yaml").read_text("utf-8")))
TRIALS = ReplyTrials(**yaml.safe_load((ROOM / "reply_parsing" / "replies_test.zh.yaml").read_text("utf-8")))
ACTIONS = (ReplyIntent.ACKNOWLEDGE, ReplyIntent.ARRIVE, ReplyIntent.RESOLVE, ReplyIntent.RECEIPT)
NEGATIONS = [w for w, kind in GRAMMAR.kinds.items() if kind in (WordKind.DECLINE, WordKind.CANNOT, WordKind.NEGATION)]
WORDS = sorted(GRAMMAR.kinds)
GAPS = st.sampled_from(["", " ", "，", "。", "\n", "！", "　"])
NUMBERS = st.sampled_from(["", "11", "12", "13", "14", "21", "1", "2", "１１", "①①", "十一"])


def read(text: str, *held: int) -> ParsedReply:
    return parse_reply(text, GRAMMAR, held or (1, 2))


def test_every_trial_is_read_as_it_says() -> None:
    assert sum(len(trial.texts) for trial in TRIALS.trials) >= 500
    assert failures(TRIALS, GRAMMAR) == []


def test_the_built_in_words_have_no_fault() -> None:
    assert check(GRAMMAR, GRAMMAR) == []


@given(st.integers(1, 99))
def test_every_printed_code_is_read_back(number: int) -> None:
    printed = {"ok": "take", "no": "pass", "here": "arrive", "done": "resolve"}
    for variable, intent in printed.items():
        assert read(codes_of(number)[variable], number) == ParsedReply(ReplyIntent(intent), (number,))


@given(st.text(max_size=60))
@example("1" * MAX_REPLY_LENGTH)
@example("\ud800")
@example("十百十")
def test_no_text_breaks_the_reader(text: str) -> None:
    parsed = read(text)
    assert (parsed.intent is ReplyIntent.UNCLEAR) is (parsed.why is not Unclear.NONE)
    assert set(parsed.numbers) <= {1, 2}


def test_a_text_longer_than_a_person_writes_is_not_read() -> None:
    assert read("11" + " " * MAX_REPLY_LENGTH) == ParsedReply(ReplyIntent.UNCLEAR, why=Unclear.TOO_LONG)


PIECES = st.one_of(st.sampled_from(WORDS), NUMBERS, st.text(max_size=3))


@given(st.lists(PIECES, max_size=3), st.sampled_from(NEGATIONS), st.lists(PIECES, max_size=3), GAPS)
@example([], "去不了", ["马上到"], "")
@example(["我"], "去不了", [], "")
@example(["11", "收到"], "不", ["去"], " ")
def test_what_holds_a_negation_is_never_an_action(before: list[str], no: str, after: list[str], gap: str) -> None:
    text = gap.join([*before, no, *after])
    folded = plain_text(text, GRAMMAR.sign_table)
    # 没问题 agrees; a letter beside `no` makes another word of it; what is quoted is not said.
    assume(not any(word in folded for word in GRAMMAR.excepted()))
    assume(no in GRAMMAR.quoted.sub(" ", folded) and GRAMMAR.first.found_in(folded))
    assume(not no.isascii() or gap.strip(" 　\n，。！") != gap)
    assert read(text).intent not in ACTIONS


@given(st.sampled_from(NEGATIONS), st.sampled_from(["11", "21", "1"]))
def test_a_code_beside_a_negation_takes_nothing(no: str, code: str) -> None:
    assume(no not in GRAMMAR.excepted())
    for text in (f"{code}{no}", f"{no}{code}", f"{code} {no}", f"{no}，{code}"):
        assert read(text).intent not in ACTIONS, text


@given(st.sampled_from([w for w, kind in GRAMMAR.kinds.items() if kind is WordKind.DECLINE]))
def test_a_plain_refusal_beside_its_code_declines_it(word: str) -> None:
    for text in (f"11 {word}", f"11，{word}", word + "，11", f"12 {word}"):
        assert (read(text).intent, read(text).numbers) == (ReplyIntent.DECLINE, (1,)), text


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")


@given(
    st.sampled_from(["11", "12", "13", "14", "21", "22"]),
    st.sampled_from(["", "收到", "马上到", "接警", "去不了", "没空", "处置完毕", "到了", "谢谢"]),
    st.sampled_from(["", " ", "。", "！", "～", "\n", "　", "👍"]),
    st.sampled_from(["", " ", ",", "，", ".", "-", "　"]),
)
def test_variants_of_an_answer_mean_the_same(code: str, word: str, end: str, between: str) -> None:
    plain = read(code + word)
    spaced = between.join(code)
    for variant in (code.translate(FULL_WIDTH), code.translate(CIRCLED), spaced):
        for text in (f"{variant}{word}{end}", f"{end}{variant} {word}", f"{variant}，{word}", " ".join(variant + word)):
            assert (read(text).intent, read(text).numbers) == (plain.intent, plain.numbers), text


@given(st.integers(0, 10**12), st.sets(st.integers(1, 99), max_size=6), st.sampled_from(["", "收到", "去不了", "到了"]))
def test_digits_that_are_no_code_of_this_phone_never_act_on_another(number: int, held: set[int], word: str) -> None:
    parsed = parse_reply(f"{number}{word}", GRAMMAR, held)
    assert set(parsed.numbers) <= held
    if not parsed.numbers and str(number) not in ("1", "2"):
        assert parsed.intent in (ReplyIntent.UNCLEAR, ReplyIntent.DECLINE)


@given(st.integers(1, 99), st.sampled_from([w for w, kind in GRAMMAR.kinds.items() if kind is WordKind.UNIT]))
def test_a_number_that_counts_or_addresses_something_is_no_code(number: int, unit: str) -> None:
    assert read(f"{number}{unit}", number, number // 10 or 1).intent not in ACTIONS


def test_a_bare_digit_says_that_it_is_short() -> None:
    assert read("1") == ParsedReply(ReplyIntent.ACKNOWLEDGE, (), Certainty.SHORT)
    assert read("2").certainty is Certainty.SHORT


def test_only_one_alert_has_a_number() -> None:
    assert read("12 22").number is None
    assert read("11").number == 1


# --- the words as data ----------------------------------------------------------------------------------------------


def own(**changes: Any) -> ReplyWords:
    return ReplyWords(**changes)


def test_a_site_adds_words_of_its_dialect() -> None:
    assert read("11妥嘞个儿").intent is ReplyIntent.UNCLEAR
    words = own(words={"receipt": ["妥嘞个儿"], "pass": ["{莫,木}有功夫咧"]}, signs={"咧": "嘞"}, quotes=["<<.*>>"])
    grammar = GRAMMAR.extended(words)
    assert check(words, grammar) == []
    assert parse_reply("11妥嘞个儿", grammar, [1]).intent is ReplyIntent.ACKNOWLEDGE
    assert parse_reply("木有功夫咧<<11>>", grammar, [1]) == ParsedReply(ReplyIntent.DECLINE)
    assert failures(TRIALS, grammar) == []


def test_a_word_a_site_lists_elsewhere_moves() -> None:
    words = own(words={"doubtful": ["中"]}, longest_promise_min=20)
    grammar = GRAMMAR.extended(words)
    assert parse_reply("中", grammar, [1]).why is Unclear.DOUBTFUL
    assert parse_reply("30分钟到", grammar, [1]).why is Unclear.DOUBTFUL
    assert "得嘞" in grammar.kinds


def test_a_site_cannot_make_a_refusal_into_a_take() -> None:
    words = own(words={"take": ["去不了"]}, not_negated=["去不了"])
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
def test_a_faulty_word_is_named_with_its_place(words: Any, message: str) -> None:
    given_words = own(words=words)
    found = check(given_words, GRAMMAR.extended(given_words))
    assert [fault.message for fault in found] == [message]
    assert all(fault.where[:1] == ("words",) for fault in found)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"words": {"agree": ["好"]}}, "Input should be 'take', 'go'"),
        ({"signs": {"沒有": "没"}}, "must be one sign each"),
        ({"quotes": ["("]}, "is no regular expression"),
    ],
)
def test_a_faulty_list_is_refused(changes: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        own(**changes)


def test_the_built_in_lists_are_all_there() -> None:
    with pytest.raises(ValidationError, match="no words for take, go"):
        ReplyGrammar(words={"pass": ["不去"]})


def test_a_trial_names_an_intent_and_numbers() -> None:
    for means in ("", "agree 1", "take x"):
        with pytest.raises(ValidationError, match="write one of take, pass"):
            ReplyTrials(trials=[{"means": means, "texts": ["11"]}])
    wrong = ReplyTrials(trials=[{"means": "take 2", "texts": ["21", "11"]}])
    (fault,) = failures(wrong, GRAMMAR)
    assert (fault.where, fault.message) == (
        ("trials", 0, "texts", 1),
        "'11' is read as `take 1`, it must be `take 2`",
    )


@pytest.mark.parametrize(
    ("text", "held", "why"),
    [
        ("正在来的路上，11，我们已经在场", (1,), Unclear.CONTRADICTION),
        ("修好了，我能去", (1,), Unclear.CONTRADICTION),
        ("2，信息收到", (2,), Unclear.NUMBER_ONLY),
        ("回11", (1, 11), Unclear.NO_SUCH_CODE),
        ("编号1", (1,), Unclear.NUMBER_ONLY),
        ("13 我能去", (1,), Unclear.CONTRADICTION),
    ],
)
def test_words_that_contradict_each_other_or_the_code_are_asked_about(
    text: str, held: tuple[int, ...], why: Unclear
) -> None:
    parsed = parse_reply(text, GRAMMAR, held)
    assert (parsed.intent, parsed.why) == (ReplyIntent.UNCLEAR, why)

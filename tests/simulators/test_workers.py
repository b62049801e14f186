from random import Random

from simulators.workers import Behaviour, codes, misunderstood, replies, settled_by, urged_by

CALL = "【枫树社区】紧急：燃气泄漏，01:15，3栋402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
SURE = Behaviour(ignores=0.0, declines=0.0, garbles=0.0, spread=0.0)


def test_the_codes_are_read_from_the_words_in_front_of_them():
    assert codes("请配合处置。能去回复21，不去回复22。") == {"take": "21", "decline": "22"}
    assert codes("请核查。无险情回复10，仍有险情回复11，无法核查回复12。") == {
        "take": "11", "decline": "12", "verified": "10",
    }  # fmt: skip
    assert codes("请回复结论：真实15，误报16，测试17，设备故障18，恶作剧19。") == {"real": "15", "false": "16"}
    assert codes("已由李伟接警：燃气泄漏，3栋402。接警时间01:16，编号1。") == {}


def test_a_worker_takes_arrives_and_reports_what_it_was():
    take = replies(CALL, SURE, True, Random(1))
    arrive = replies("已由李伟接警：漏气，3栋。到场回复13，处置完回复14。", SURE, True, Random(1))
    done = replies("已记录李伟到场：漏气，3栋。处置完毕请回复14，缺人请回复增援。", SURE, True, Random(1))
    assert [(one[0].text, one[0].when_over) for one in (take, arrive, done)] == [
        ("11", False),
        ("13", False),
        ("14", True),
    ]
    question = "请回复结论：真实15，误报16，测试17，设备故障18，恶作剧19。"
    assert [replies(question, SURE, real, Random(1))[0].text for real in (True, False)] == ["15", "16"]
    verify = "请核查。无险情回复10，仍有险情回复11，无法核查回复12。"
    assert replies(verify, SURE, True, Random(1))[0].text == "10"
    assert replies("已由李伟接警。", SURE, True, Random(1)) == ()


def test_a_worker_who_is_told_how_to_conclude_answers_twice_in_all():
    text = "已由李伟接警：漏气，3栋。到场回复13，处置完回复：真实15，误报16，其他14。"
    for is_real, code in ((True, "15"), (False, "16")):
        arrival, done = replies(text, SURE, is_real, Random(1))
        assert (arrival.text, done.text, done.when_over) == ("13", code, True)
        assert arrival.after_ms < done.after_ms


def test_places_of_one_text_are_verified_one_after_the_other():
    text = "请核查3处：井位1、2、3。无险情逐处回复10、20、30，有险情末位0改1。"
    answers = replies(text, SURE, True, Random(1))
    assert [answer.text for answer in answers] == ["10", "20", "30"]
    assert [answer.after_ms for answer in answers] == sorted(answer.after_ms for answer in answers)
    assert replies("请街道核查：积水，社区已核查。属实回复40，仍有问题回复41。", SURE, True, Random(1))[0].text == "40"


def test_what_settles_a_question_and_what_a_supervisor_telephones_for():
    assert settled_by("编号1：漏气，3栋。已由李伟01:08接警。") == {"take"}
    assert settled_by("已处置：漏气，3栋。") == {"take", "arrive", "done"}
    assert settled_by("请核查：漏气，李伟已处置。无险情回复10，仍有险情回复11。") == set()
    assert urged_by("督办：您有2项超时未办结，最急：漏气，3栋。请督促处置。") == "done"
    assert urged_by("高危督办：漏气，3栋，核查超时2小时。责任人李伟，请督促处置。") == "verified"
    assert urged_by("高危督办：漏气，3栋，请30分钟内办结，处置完回复14。") == ""


def test_some_ignore_decline_or_write_words_first():
    assert replies(CALL, Behaviour(ignores=1.0), True, Random(1)) == ()
    assert replies(CALL, Behaviour(ignores=0.0, declines=1.0), True, Random(1))[0].text == "12"
    words, code = replies(CALL, Behaviour(ignores=0.0, declines=0.0, garbles=1.0), True, Random(1))
    assert not words.text.isdigit()
    assert code.text == "11"
    assert not misunderstood(Random(1)).isdigit()


def test_the_same_random_numbers_give_the_same_answers():
    assert replies(CALL, Behaviour(), True, Random("7/1")) == replies(CALL, Behaviour(), True, Random("7/1"))

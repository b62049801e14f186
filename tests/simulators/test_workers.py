from random import Random

from simulators.workers import Behaviour, codes, misunderstood, replies

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
    done = replies("已记录李伟到场：漏气，3栋。处置完毕请回复14。", SURE, True, Random(1))
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


def test_some_ignore_decline_or_write_words_first():
    assert replies(CALL, Behaviour(ignores=1.0), True, Random(1)) == ()
    assert replies(CALL, Behaviour(ignores=0.0, declines=1.0), True, Random(1))[0].text == "12"
    words, code = replies(CALL, Behaviour(ignores=0.0, declines=0.0, garbles=1.0), True, Random(1))
    assert not words.text.isdigit()
    assert code.text == "11"
    assert not misunderstood(Random(1)).isdigit()


def test_the_same_random_numbers_give_the_same_answers():
    assert replies(CALL, Behaviour(), True, Random("7/1")) == replies(CALL, Behaviour(), True, Random("7/1"))

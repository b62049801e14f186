"""The doctor's report for a terminal: a block for each speaker, then the lines to add, file by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.doctor.wording import texts
from domain.kind import Kind

Report = Mapping[str, Any]


def report_lines(report: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """The whole report in Chinese."""
    said = texts().line
    yield said["head"].format(
        **{name: report[name] for name in ("broker", "seconds", "messages", "retained")},
        ended=texts().ended[report["ended"]],
        speakers=len(report["speakers"]),
    )
    if report["refused"]:
        yield said["refused"].format(refused="、".join(report["refused"]))
    yield said["asked"].format(asked=" ".join(report["asked"]))
    for number, one in enumerate(report["speakers"], 1):
        yield ""
        yield from _speaker_lines(number, one, kinds)
    yield ""
    yield from _summary_lines(report)
    yield from _lines_to_add(report, kinds)


def _summary_lines(report: Report) -> Iterator[str]:
    said = texts().line
    silent = report["silent"]
    if report["more_messages"]:
        yield said["more"].format(more=report["more_messages"])
    if silent["count"]:
        more = " …" if silent["count"] > len(silent["devices"]) else ""
        yield said["silent"].format(count=silent["count"], some=" ".join(silent["devices"]) + more)
    if not report["speakers"]:
        yield said["nothing"]
    elif report["well"]:
        yield said["all_well"]


def _lines_to_add(report: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    said = texts().line
    if report["add"]:
        yield said["summary"]
    for each in report["add"]:
        yield f"--- {each['file']}"
        yield each["text"]
    choices: list[str] = next((one["registration"]["kinds"] for one in report["speakers"] if _kind_is_open(one)), [])
    if choices:
        yield said["choose"].format(kinds="、".join(_kind_text(each, kinds) for each in choices))


def _speaker_lines(number: int, one: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    said, state = texts().line, texts().state
    name = one["device"] or one["identity"] or one["topics"][0]["topic"]
    also = f"（{one['identity']}）" if one["device"] and one["identity"] != one["device"] else ""
    platform = one["platform"] or (f"{one['guessed']}?" if one["guessed"] else "?")
    yield f"[{number}] {name}{also}  {platform}  {'，'.join(state[each] for each in one['states'])}"
    topics = "，".join(f"{each['topic']} ×{each['messages']}" for each in one["topics"])
    yield "    " + said["topic"].format(topics=topics)
    if one["last"]:
        trial = said["trial"].format(kind=_kind_text(one["kind"], kinds)) if not one["device"] else ""
        yield "    " + said["heard"].format(values="，".join(_values(one["last"]["values"]))) + trial
    if one["online"] is not None:
        yield "    " + said["online"].format(online=said["online_word" if one["online"] else "offline_word"])
    if one["said"]:
        yield "    " + said["said"].format(fields="，".join(f"{name}={value}" for name, value in one["said"].items()))
    for each in one["not_understood"] if one["platform"] else ():
        yield "    " + _undecoded_line(each)
    yield from (f"    {line}" for line in _additions(one))


def _kind_is_open(one: Report) -> bool:
    return one["registration"] is not None and bool(one["registration"]["kinds"])


def _values(values: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, each in values.items():
        shown = str(each["value"]).lower() if isinstance(each["value"], bool) else each["value"]
        doubt = "" if each["quality"] == "good" else f"（{texts().doubt.get(each['quality'], each['quality'])}）"
        yield f"{each['name']} {name}={shown}{each['unit'] and ' ' + each['unit']}{doubt}"


def _undecoded_line(each: Mapping[str, Any]) -> str:
    said, reason = texts().line, texts().reason
    detail = f"：{each['detail']}" if each["detail"] else ""
    return said["unread"].format(
        field=each["field"] or said["whole"],
        said=f" = {each['said']}" if each["field"] else "",
        reason=reason.get(each["reason"], each["reason"]),
        detail=detail,
        times=each["times"],
    )


def _additions(one: Report) -> Iterator[str]:
    said, elsewhere = texts().line, texts().elsewhere
    if one["platform"] is None:
        yield elsewhere.get(one["guessed"] or "unknown", elsewhere["unknown"])
    if one["filter_line"]:
        yield said["add"].format(file="site.yaml intake.filters", line=one["filter_line"])
    if one["registration"]:
        yield said["add"].format(file="devices.csv", line=one["registration"]["csv"])
    for field, rule in one["mapping"].items():
        file = f"mappings/site-{one['platform']}.yaml kinds.{one['kind']}"
        yield said["add"].format(file=file, line=f'"{field}": {rule}')


def _kind_text(name: str | None, kinds: Mapping[str, Kind]) -> str:
    known = kinds.get(name or "")
    return f"{name}（{known.name.zh}）" if known is not None else str(name)

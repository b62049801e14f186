"""The doctor's report as Chinese lines for a terminal: a block for each sender, then the lines to add by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.doctor.wording import texts
from domain.kind import Kind

Report = Mapping[str, Any]


def report_lines(report: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """The whole report."""
    line = texts().line
    yield line["head"].format(
        **{name: report[name] for name in ("broker", "seconds", "messages", "retained")},
        ended=texts().ended[report["ended"]],
        speakers=len(report["speakers"]),
    )
    if report["refused"]:
        yield line["refused"].format(refused="、".join(report["refused"]))
    yield line["asked"].format(asked=" ".join(report["asked"]))
    for number, sender in enumerate(report["speakers"], 1):
        yield ""
        yield from _sender_lines(number, sender, kinds)
    yield ""
    yield from _summary_lines(report)
    yield from _lines_to_add(report, kinds)


def _summary_lines(report: Report) -> Iterator[str]:
    line = texts().line
    silent = report["silent"]
    if report["more_messages"]:
        yield line["more"].format(more=report["more_messages"])
    if silent["count"]:
        more = " …" if silent["count"] > len(silent["devices"]) else ""
        yield line["silent"].format(count=silent["count"], some=" ".join(silent["devices"]) + more)
    if not report["speakers"]:
        yield line["nothing"]
    elif report["well"]:
        yield line["all_well"]


def _lines_to_add(report: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    line = texts().line
    if report["add"]:
        yield line["summary"]
    for addition in report["add"]:
        yield f"--- {addition['file']}"
        yield addition["text"]
    choices: list[str] = next(
        (sender["registration"]["kinds"] for sender in report["speakers"] if _kind_is_open(sender)), []
    )
    if choices:
        yield line["choose"].format(kinds="、".join(_kind_text(kind, kinds) for kind in choices))


def _sender_lines(number: int, sender: Report, kinds: Mapping[str, Kind]) -> Iterator[str]:
    line, state = texts().line, texts().state
    device, identity = sender["device"], sender["identity"]
    name = device or identity or sender["topics"][0]["topic"]
    also = f"（{identity}）" if device and identity != device else ""
    platform = sender["platform"] or (f"{sender['guessed']}?" if sender["guessed"] else "?")
    yield f"[{number}] {name}{also}  {platform}  {'，'.join(state[name] for name in sender['states'])}"
    topics = "，".join(f"{topic['topic']} ×{topic['messages']}" for topic in sender["topics"])
    yield "    " + line["topic"].format(topics=topics)
    if sender["last"]:
        trial = line["trial"].format(kind=_kind_text(sender["kind"], kinds)) if not device else ""
        yield "    " + line["heard"].format(values="，".join(_values(sender["last"]["values"]))) + trial
    if sender["online"] is not None:
        yield "    " + line["online"].format(online=line["online_word" if sender["online"] else "offline_word"])
    if sender["said"]:
        fields = "，".join(f"{field}={value}" for field, value in sender["said"].items())
        yield "    " + line["said"].format(fields=fields)
    for field in sender["not_understood"] if sender["platform"] else ():
        yield "    " + _undecoded_line(field)
    yield from (f"    {addition}" for addition in _additions(sender))


def _kind_is_open(sender: Report) -> bool:
    """Whether a person must choose the kind of this sender."""
    return sender["registration"] is not None and bool(sender["registration"]["kinds"])


def _values(values: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, value in values.items():
        shown = str(value["value"]).lower() if isinstance(value["value"], bool) else value["value"]
        quality = value["quality"]
        doubt = "" if quality == "good" else f"（{texts().doubt.get(quality, quality)}）"
        yield f"{value['name']} {name}={shown}{value['unit'] and ' ' + value['unit']}{doubt}"


def _undecoded_line(unread: Mapping[str, Any]) -> str:
    line, reason = texts().line, texts().reason
    return line["unread"].format(
        field=unread["field"] or line["whole"],
        said=f" = {unread['said']}" if unread["field"] else "",
        reason=reason.get(unread["reason"], unread["reason"]),
        detail=f"：{unread['detail']}" if unread["detail"] else "",
        times=unread["times"],
    )


def _additions(sender: Report) -> Iterator[str]:
    """What to add for this sender, or where else its platform can be connected."""
    line, elsewhere = texts().line, texts().elsewhere
    if sender["platform"] is None:
        yield elsewhere.get(sender["guessed"] or "unknown", elsewhere["unknown"])
    if sender["filter_line"]:
        yield line["add"].format(file="site.yaml intake.filters", line=sender["filter_line"])
    if sender["registration"]:
        yield line["add"].format(file="devices.csv", line=sender["registration"]["csv"])
    for field, rule in sender["mapping"].items():
        file = f"mappings/site-{sender['platform']}.yaml kinds.{sender['kind']}"
        yield line["add"].format(file=file, line=f'"{field}": {rule}')


def _kind_text(name: str | None, kinds: Mapping[str, Kind]) -> str:
    kind = kinds.get(name or "")
    return f"{name}（{kind.name.zh}）" if kind is not None else str(name)

"""Chinese texts of responses about rulebooks."""

from __future__ import annotations

from typing import Final

TOOL_REFUSALS: Final = {
    "of that time nothing is remembered: ask for a later one": "这段时间没有历史读数，请选近一些的时间。",
    "the service was restarted before it was done: start it again": "服务中途重启，没有做完，请重新开始。",
    "the tool failed: the log of the service says how": "没有做成，原因见服务的日志。",
    "it took too much of the processor: ask for a shorter time": "用时过长，已经停下，请选短一些的时间。",
    "it was killed: ask for a shorter time, there may be too little memory": "中途被停止，可能内存不够，请选短些。",
}
"""Refusals of the tools for rulebooks whose reason is not about a name or file of the request."""
RESET_UNSENT: Final = "复位暂时送不到运行规则的机器，可能没有生效。请稍后再试。"
NO_FOLDER: Final = "这里没有站点目录，规则只能看，不能发布。请用 --site 启动服务。"
TRIALS_FAILED: Final = "有{count}条试例没有通过，没有发布。请改规则或试例；确要发布，请勾选“试例不过也发布”。"
TRIAL: Final = "应为 {expected}，实际 {got}"
NOTHING: Final = "不报"
FOUND_REASON: Final = "发布前的原文"
"""The reason of a version that no person put in force over the console."""

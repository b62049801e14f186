"""Chinese texts of a machine that does not work now: a standby, and a restored copy."""

from __future__ import annotations

from typing import Final

STANDBY: Final = "本机是备机，正在待命；值班请打开主机 {holder}。主机中断时本机在 15 秒内接管。"
STANDBY_UNKNOWN: Final = "（未知）"
RESTORED_COPY: Final = (
    "本机是恢复出来的副本（来自 {origin}），现在不接收设备消息，也不通知任何人。"
    "确认原服务已停、不会再启动之后，在本机运行：fengshao takeover --data {folder}"
)

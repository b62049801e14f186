"""A small valid site folder, and the faults and warnings of the site check for a changed one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.site_check.check import check_site_files

TZ = ZoneInfo("Asia/Shanghai")

NOW = int(datetime(2026, 11, 23, 10, tzinfo=TZ).timestamp() * 1000)
"""A Monday."""

FILES = {
    "site.yaml": "name: 社区\nsign: 社区\nlast_resort: [li]\nchannels: {aliyun_sms: {}}\n",
    "places.csv": "id,name,level,parent,cell\nh1,101,household,,grid\n",
    "cells.csv": "id,name,level,parent\nstreet,街道,street,\ngrid,网格,grid,street\n",
    "people.csv": "id,name,phone\nli,李伟,19900000001\nchen,陈芳,\n",
    "duties.csv": "id,cell,role,person\n1,street,worker,li\n2,street,community,li\n",
}


def write_site(folder: Path, **changes: str) -> Path:
    for name, text in {**FILES, **{key.replace("_", "."): text for key, text in changes.items()}}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def faults_and_warnings(folder: Path, now: int = NOW) -> tuple[list[str], list[str]]:
    examined, _ = check_site_files(folder, now)
    faults = [str(fault).removeprefix(f"{folder}/") for fault in examined.faults]
    return faults, [line.removeprefix(f"{folder}/") for line in examined.warnings]

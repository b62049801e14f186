"""One example body per thing people write, for the API's documents. A test sends each of them."""

from __future__ import annotations

from typing import Any, Final

DEVICE: Final = {
    "id": "gas-0412",
    "kind": "gas_alarm",
    "model": "HS1CG",
    "place": "c1-3-2-402",
    "identities": [{"platform": "zigbee2mqtt", "id": "0x00158d0004a1b2c3"}],
    "attributes": {"installed": "2026-05-01", "report_every": "1h"},
}
PLACE: Final = {"id": "c1-3", "name": "3栋", "level": "building", "parent": "c1", "cell": "m03"}
CELL: Final = {"id": "m03", "name": "第三微网格", "level": "micro_grid", "parent": "g01"}
PERSON: Final = {"id": "worker-3", "name": "张三", "phone": "19900000003", "wecom": "zhangsan", "home": None}
DUTY: Final = {
    "id": "d-3",
    "cell": "m03",
    "role": "worker",
    "person": "worker-3",
    "rank": 0,
    "weekdays": [1, 2, 3, 4, 5],
    "from": "08:00",
    "to": "20:00",
    "since": None,
    "until": None,
    "absent": False,
}
ACT: Final = {
    "person": "worker-3",
    "comment": "已关阀通风",
    "reason": "检修",
    "until": "2026-11-21T23:00:00+08:00",
    "to": "worker-4",
}
LINK: Final = {"person": "worker-3"}
RESET: Final = {"device": "gas-0412", "reason": "已到现场查看，关阀通风"}
LOGIN: Final = {"token": "令牌"}
TOKEN: Final = {"role": "operator", "person": "worker-3", "place": "c1"}
READING: Final = [{"device": "gas-0412", "ts": 1795269903, "lel_pct": 12.5, "alarm": False}]


def body(example: Any) -> dict[str, Any]:
    """What FastAPI adds to an operation of the OpenAPI document."""
    return {"requestBody": {"content": {"application/json": {"example": example}}}}

"""One measured figure; printed as one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """`name` is one of the names that design.md section 4 promises."""

    name: str
    value: float
    unit: str
    detail: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        return json.dumps({"name": self.name, "value": self.value, "unit": self.unit, **self.detail})

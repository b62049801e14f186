"""Interface of the examination of a broker; a part of console.dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class DoctorBusy(Exception):
    """An examination is running; there is one at a time."""


class DoctorRefused(Exception):
    """The broker refuses a subscription to everything; the message states why, without credentials."""


class Doctor(Protocol):
    """Subscribes to everything on the broker for some seconds and reports. Raises DoctorBusy and DoctorRefused."""

    async def examine(self, seconds: int) -> Mapping[str, Any]: ...

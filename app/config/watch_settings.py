"""Schema of what watches the service, in site.yaml: log, traces, outside watchdog."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSettings(_Strict):
    """The log on standard error; it has no personal data in either format."""

    format: Literal["text", "json"] = "text"
    """`json`: one object a line, for collectors of logs."""


class TraceSettings(_Strict):
    """A collector of traces: one trace of each critical danger, from its message to the receipt, with ids only."""

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    """Where traces are sent (OTLP over HTTP, JSON), such as `http://127.0.0.1:4318/v1/traces`; empty for none."""


class WatchdogSettings(_Strict):
    """An external checker that expects a heartbeat every minute and calls somebody when it stops.

    The heartbeat is sent while intake, evaluation and sending work (docs/operations.md).
    """

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    """Address that is called; a secret, which is never logged."""
    style: Literal["plain", "healthchecks"] = "plain"
    """With `healthchecks`, `/start` is called at the start and `/fail` with what is broken; else only the heartbeat
    stops."""

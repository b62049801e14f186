"""Schema of a kind: a type of device, defined in domain/kinds/*.yaml. A new kind needs a file and no code."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.by_identity import ByIdentity
from domain.duration import Duration

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]


class LocalizedText(BaseModel):
    """A name in Chinese and English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    """Name in Chinese."""
    en: str
    """Name in English."""


class Quantity(BaseModel):
    """One quantity of a kind. `min`/`max` bound what is plausible, in `unit`; outside, a value is marked, not dropped.

    `danger` marks a bit that is itself a danger (alarm, sos, fall): never implausible, always processed first.
    `event` marks a quantity that happens and does not last: equal bytes twice are two presses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["bool", "number", "text"]
    name: LocalizedText
    unit: str = ""
    min: float | None = None
    max: float | None = None
    danger: bool = False
    event: bool = False
    cumulative: bool = False

    @model_validator(mode="after")
    def _range_fits_type(self) -> Quantity:
        if self.type != "number" and (self.min is not None or self.max is not None):
            raise ValueError("only a number has min and max: remove them or write type: number")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"min {self.min} must be below max {self.max}")
        return self


class Kind(BaseModel):
    """A type of device. `report_every` is its ordinary reporting plan; a device's own plan may override it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Name
    name: LocalizedText
    urgent: bool = False
    report_every: Duration
    quantities: dict[Name, Quantity]

    @property
    def is_worn(self) -> bool:
        """Whether people wear devices of this kind: they say whether they are worn."""
        return "worn" in self.quantities

    def with_common(self, common: dict[str, Quantity]) -> Kind:
        """The kind with the quantities every device may have; its own declaration wins.

        The same object for the same arguments: what is compiled for a kind, or checked against it, is kept by identity.
        """
        return _with_common(ByIdentity(self), ByIdentity(common))


@lru_cache(maxsize=1024)
def _with_common(kind: ByIdentity[Kind], common: ByIdentity[dict[str, Quantity]]) -> Kind:
    return kind.value.model_copy(update={"quantities": {**common.value, **kind.value.quantities}})


class CommonQuantities(BaseModel):
    """The quantities that every kind has (domain/kinds/common.yaml)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    common: dict[Name, Quantity]

"""What residents may report: the categories of categories.yaml. Pure; app/config reads the file."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.alert import AlertSource
from alerts.cases.request import CASE_RULES
from domain import Fault, Severity

_STRICT: Final = ConfigDict(extra="forbid", frozen=True)
Text = Annotated[str, Field(min_length=1, max_length=200)]


class ReportCategory(BaseModel):
    """One kind of hazard a resident sees. `ladder` is a rule name that a ladder names; `merges` are hazards of alerts
    that may be about the same thing."""

    model_config = _STRICT

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$")]
    label: Annotated[str, Field(min_length=1, max_length=12)]
    title: Annotated[str, Field(min_length=2, max_length=20)]
    hazard: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    severity: Severity
    merges: tuple[str, ...] = ()
    ladder: str = ""
    life_safety: bool = False
    emergency: Annotated[str, Field(max_length=200)] = ""
    advice: Annotated[str, Field(max_length=100)] = ""

    @model_validator(mode="after")
    def _life_safety_is_severe(self) -> ReportCategory:
        if self.life_safety and self.severity not in (Severity.CRITICAL, Severity.HIGH):
            raise ValueError("life_safety needs severity critical or high: others wait for the morning")
        if self.life_safety and not self.emergency:
            raise ValueError("life_safety needs `emergency`: whom the reporter calls too")
        return self

    @property
    def ladder_rule(self) -> str:
        """What selects the ladder. A life-safety report is called by the general ladder of its severity."""
        if self.ladder:
            return self.ladder
        return LIFE_SAFETY_RULE if self.life_safety else CASE_RULES[AlertSource.REPORT]


LIFE_SAFETY_RULE: Final = "citizen-report-life-safety"
"""No built-in ladder names it, so the general ladder of the severity applies: at once, by day and by night."""


REPORT_RULES: Final = (CASE_RULES[AlertSource.REPORT], "citizen-report-property")
"""Rule names of the built-in ladders of reports."""
CASE_RULE_NAMES: Final = (*CASE_RULES.values(), *REPORT_RULES, LIFE_SAFETY_RULE)
"""Names of rules that are in no rulebook and that ladders may name."""


class ReportCategories(BaseModel):
    """The whole file, with the texts that a reporter reads."""

    model_config = _STRICT

    reporter: Text
    consent: Text
    answered: Text
    """The answer where nobody wrote one."""
    erased: Text
    """In place of what a reporter wrote, when he asked for its deletion."""
    categories: tuple[ReportCategory, ...] = Field(min_length=1)

    def get(self, id: str) -> ReportCategory | None:
        return next((one for one in self.categories if one.id == id), None)


def check(categories: ReportCategories) -> list[Fault]:
    """Faults: two categories with one id."""
    counts = Counter(one.id for one in categories.categories)
    return [
        Fault(("categories", index, "id"), f"{one.id} stands {counts[one.id]} times: write another id")
        for index, one in enumerate(categories.categories)
        if counts[one.id] > 1
    ]

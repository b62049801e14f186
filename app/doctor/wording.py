"""The Chinese texts of the doctor, and which quantities are personal: app/doctor/doctor.zh.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from app.config.yaml_files import read_model

TEXTS_FILE: Final = Path(__file__).resolve().parent / "doctor.zh.yaml"


class DoctorTexts(BaseModel):
    """Schema of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: dict[str, str]
    reason: dict[str, str]
    doubt: dict[str, str]
    ended: dict[str, str]
    line: dict[str, str]
    elsewhere: dict[str, str]
    masked: frozenset[str]


@cache
def texts() -> DoctorTexts:
    """The texts, read once in a process."""
    return read_model(TEXTS_FILE, DoctorTexts)

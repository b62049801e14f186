"""What the doctor says in Chinese, and which quantities are personal: app/doctor.zh.yaml. It reads that file once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from app.config.yaml_files import read_model

TEXTS_FILE: Final = Path(__file__).resolve().parent / "doctor.zh.yaml"


class DoctorTexts(BaseModel):
    """The shape of the file."""

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
    return read_model(TEXTS_FILE, DoctorTexts)

"""Trials of the reply grammar: texts as people write them, and what each must be read as."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from alerts.reply_parsing.grammar import ReplyGrammar
from alerts.reply_parsing.parser import ParsedReply, ReplyIntent, parse_reply
from domain import Fault

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Trial(BaseModel):
    """Texts from a phone that holds these alert numbers. `means` is an intent and the alerts meant: `pass 1 2`."""

    model_config = _STRICT

    why: str = ""
    holds: tuple[int, ...] = (1, 2)
    means: str
    texts: tuple[str, ...] = Field(min_length=1)

    @field_validator("means")
    @classmethod
    def _known(cls, means: str) -> str:
        intent, *numbers = means.split() or [""]
        if intent not in tuple(ReplyIntent) or not all(number.isdecimal() for number in numbers):
            raise ValueError(f"write one of {', '.join(ReplyIntent)}, then the numbers of the alerts meant: `take 1`")
        return means


class ReplyTrials(BaseModel):
    """The file replies_test.zh.yaml."""

    model_config = _STRICT

    trials: tuple[Trial, ...]


def failures(written: ReplyTrials, grammar: ReplyGrammar) -> list[Fault]:
    """Every text that is read as something else."""
    return [
        Fault(("trials", index, "texts", place), f"{text!r} is read as `{got}`, it must be `{trial.means}`")
        for index, trial in enumerate(written.trials)
        for place, text in enumerate(trial.texts)
        if (got := as_written(parse_reply(text, grammar, trial.holds), trial.means)) != trial.means
    ]


def as_written(parsed: ParsedReply, means: str) -> str:
    """In the notation of trials; the alert of an unclear text is compared only where the trial names it."""
    numbers = parsed.numbers if parsed.intent is not ReplyIntent.UNCLEAR or " " in means else ()
    return " ".join([parsed.intent.value, *(str(number) for number in numbers)])

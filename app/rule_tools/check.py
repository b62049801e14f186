"""Checks rulebooks and the trials beside them, and runs the trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from app.config.catalog import load_kinds, load_rulebook_files, load_wording, parse_rulebooks, rulebook_files
from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import read_model, read_yaml, validate
from app.rule_tools.requests import Progress
from domain.kind import Kind
from rules.rulebook.model import Rulebook
from rules.rulebook.warnings import warn
from rules.trials.check import check_trials, parse_trials_partially
from rules.trials.model import TrialBook
from rules.trials.runner import TrialResult, run_trials


def check_files(files: Sequence[Path], site: Path | None = None) -> dict[str, Any]:
    """Numbers of rulebooks, rules and trial files, and warnings. Raises ConfigError with the faults of all files."""
    rulebooks, trials = _split_trials(files or rulebook_files(site))
    kinds = load_kinds(site)
    others = other_rulebooks(kinds, rulebooks, site)
    parsed, faults = parse_rulebooks(kinds, rulebooks, others)
    # Trials of a faulty rulebook would report rules as missing that only could not be parsed.
    faulty = {fault.file for fault in faults}
    correct = {file: rulebook for file, rulebook in parsed if str(file) not in faulty}
    trials = trials or [trial for rulebook in rulebooks if (trial := trials_path(rulebook)).exists()]
    for file in trials:
        faults += trial_faults(file, correct.get(rulebook_path(file)), kinds, site)
    if faults:
        raise ConfigError(list(dict.fromkeys(faults)))
    warnings = rulebook_warnings(kinds, parsed, others, site)
    rules = sum(len(rulebook.rules) for _, rulebook in parsed)
    counts = {"books": len(rulebooks), "rules": rules, "trials": len(trials)}
    return {**counts, "warnings": [asdict(warning) for warning in warnings]} if warnings else counts


def rulebook_warnings(
    kinds: Mapping[str, Kind], parsed: Sequence[tuple[Path, Rulebook]], known: Sequence[Rulebook], site: Path | None
) -> list[ConfigFault]:
    """What is no fault but may keep a rule from ever beginning or ending, with its position."""
    hazards = {text.hazard for text in load_wording(site).sms} | {rulebook.hazard for rulebook in known}
    warnings: list[ConfigFault] = []
    for file, rulebook in parsed:
        others = [*known, *(other for _, other in parsed if other is not rulebook)]
        warnings += read_yaml(file).locate_all(warn(rulebook, kinds, others, hazards))
    return warnings


def other_rulebooks(kinds: Mapping[str, Kind], files: Sequence[Path], site: Path | None = None) -> list[Rulebook]:
    """The active rulebooks beside these files, whose rules they may refer to; one of the same name is replaced."""
    names = {file.name for file in files}
    return load_rulebook_files(kinds, [file for file in rulebook_files(site) if file.name not in names])


def trial_faults(
    file: Path, rulebook: Rulebook | None, kinds: Mapping[str, Kind], site: Path | None
) -> Sequence[ConfigFault]:
    """Faults of a file of trials, checked against `rulebook`, else the one beside it, else the active one so named."""
    faults: list[ConfigFault] = []
    try:
        document = read_yaml(file)
    except ConfigError as error:
        return error.faults
    try:
        validate(document, TrialBook)
    except ConfigError as error:
        faults += error.faults
    try:
        rulebook = rulebook or _rulebook_of(file, kinds, site)
    except ConfigError as error:
        return [*faults, *error.faults]
    located = document.locate_all(check_trials(parse_trials_partially(document.data), rulebook, kinds))
    return sorted([*faults, *located], key=lambda fault: (fault.line, fault.column))


def _rulebook_of(trials: Path, kinds: Mapping[str, Kind], site: Path | None) -> Rulebook:
    beside = rulebook_path(trials)
    active = [file for file in rulebook_files(site) if file.name == beside.name]
    (rulebook,) = load_rulebook_files(kinds, [beside] if beside.exists() else active or [beside])
    return rulebook


def _split_trials(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Files of rulebooks, and files of trials."""
    trials = [file for file in files if file.stem.endswith("_test")]
    return [file for file in files if file not in trials], trials


def trials_path(rulebook: Path) -> Path:
    """The file of trials beside a rulebook."""
    return rulebook.with_name(f"{rulebook.stem}_test.yaml")


def rulebook_path(trials: Path) -> Path:
    """The rulebook beside a file of trials; a rulebook's own path unchanged."""
    return trials.with_name(trials.name.replace("_test.yaml", ".yaml"))


def run_trial_files(files: Sequence[Path], site: Path | None, progress: Progress) -> Iterator[tuple[Path, TrialResult]]:
    """Run the trials of these rulebooks (default: the active ones); yields file and result. Raises ConfigError."""
    kinds = load_kinds(site)
    pairs = list(_with_trials(files or rulebook_files(site)))
    rulebooks = [load_rulebook_files(kinds, [file])[0] for file, _ in pairs]
    known = other_rulebooks(kinds, [file for file, _ in pairs], site)
    faults = [
        fault
        for rulebook, (_, trials) in zip(rulebooks, pairs, strict=True)
        for fault in trial_faults(trials, rulebook, kinds, site)
    ]
    if faults:
        raise ConfigError(faults)
    for index, (rulebook, (_, trials)) in enumerate(zip(rulebooks, pairs, strict=True)):
        others = [*known, *(other for other in rulebooks if other is not rulebook)]
        for result in run_trials(rulebook, read_model(trials, TrialBook), kinds, others):
            yield trials, result
        progress((index + 1) / len(pairs))


def _with_trials(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each rulebook that has trials, and its file of trials."""
    for file in dict.fromkeys(map(rulebook_path, files)):
        if trials_path(file).exists():
            yield file, trials_path(file)

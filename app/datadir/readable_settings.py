"""A site.yaml with faults, without the settings at fault: what a start reads where no good copy of the file exists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml

from app.config.faults import ConfigError
from app.config.yaml_files import read_yaml

_NAMED_PARTS: Final = {"channels": 2, "exchange": 3}
"""Sections that consist of parts of their own: the length of a path that names one."""
_PROVIDER: Final = 4
"""Of `channels.sms.providers.1`."""


def without_faulty_parts(path: Path, fields: Iterable[str]) -> str | None:
    """The file as text without the parts in which `fields` (dotted) stand; None where nothing of it can be read, or a
    fault has no place in it.

    A part is a provider, a channel, a partner of the exchange, or a whole section: one that has lost only a setting
    could do something else than was written.
    """
    try:
        data = deepcopy(read_yaml(path).data)  # the parsed file is kept by others
    except ConfigError:
        return None
    parts = {part_of(field.split(".")) for field in fields}
    # The last ones first: the numbers of a list's earlier items stay as they are.
    removed = [_remove(data, part) for part in sorted(parts, key=_order, reverse=True)]
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False) if any(removed) else None


def part_of(field: Sequence[str]) -> tuple[str, ...]:
    """The path of the part in which a setting stands.

    >>> part_of("channels.sms.providers.1.app_id".split(".")), part_of("channels.wecom.corp_id".split("."))
    (('channels', 'sms', 'providers', '1'), ('channels', 'wecom'))
    >>> part_of("exchange.systems.city.url".split(".")), part_of("retention.raw_days".split("."))
    (('exchange', 'systems', 'city'), ('retention',))
    """
    if field[0] == "channels" and field[2:3] == ["providers"] and len(field) >= _PROVIDER:
        return tuple(field[:_PROVIDER])
    return tuple(field[: _NAMED_PARTS.get(field[0], 1)])


def _order(part: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    return tuple((int(name) if name.isdigit() else -1, name) for name in part)


def _remove(data: Any, part: tuple[str, ...]) -> bool:
    """Remove the part, or what there is of the way to it; False where nothing is there."""
    holder, key = None, None
    for name in part:
        found = _key(data, name)
        if found is None:
            break
        holder, key, data = data, found, data[found]
    if holder is None:
        return False
    del holder[key]
    return True


def _key(data: Any, name: str) -> Any:
    """The key or index of a name, if it exists."""
    if isinstance(data, list):
        return int(name) if name.isdigit() and int(name) < len(data) else None
    if isinstance(data, dict):
        return next((key for key in data if str(key) == name), None)
    return None

"""Names of texts for which site.yaml gives the codes of approved templates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from alerts.messages.catalog import EXERCISE_SUFFIX, TextCatalog
from app.config.suggestions import unknown_name
from domain import Fault, Severity

KeyPath = tuple[str | int, ...]


def template_faults(data: object, wording: TextCatalog) -> Iterator[Fault]:
    """Names under `templates` that no text of the wording has: its code would never be used."""
    names = {f"{text.name}{suffix}": text.codes for text in wording.sms for suffix in ("", EXERCISE_SUFFIX)}
    texts = {*names, *(f"{name}.{severity}" for name, codes in names.items() for severity in codes)}
    texts |= {template.name for template in wording.personal_templates()}
    spoken = {f"{text.name}{suffix}" for text in wording.voice for suffix in ("", EXERCISE_SUFFIX)}
    calls = spoken | {f"{name}.{severity}" for name in spoken for severity in Severity}
    channels = data.get("channels") if isinstance(data, Mapping) else None
    yield from _unknown(channels, ("aliyun_sms",), texts)
    for channel, known in (("sms", texts), ("voice", calls)):
        providers = _value_at(channels, (channel, "providers"))
        for index in range(len(providers) if isinstance(providers, list) else 0):
            yield from _unknown(channels, (channel, "providers", index), known)


def _unknown(channels: object, path: KeyPath, known: Collection[str]) -> Iterator[Fault]:
    templates = _value_at(channels, (*path, "templates"))
    for name in templates if isinstance(templates, Mapping) else ():
        if name not in known:
            yield Fault(("channels", *path, "templates", name), unknown_name(name, known))


def _value_at(data: object, path: KeyPath) -> object:
    for step in path:
        if isinstance(data, list) and isinstance(step, int):
            data = data[step]
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
    return data

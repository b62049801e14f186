"""The Prometheus text format. It knows no number of its own."""

from __future__ import annotations

from collections.abc import Iterable

from console.dependencies import Sample


def exposition(samples: Iterable[Sample]) -> str:
    """Samples as Prometheus reads them: one HELP and TYPE per name, labels escaped."""
    families: dict[str, list[Sample]] = {}
    for sample in samples:
        families.setdefault(sample.name, []).append(sample)
    return "".join(line + "\n" for family in families.values() for line in _family(family))


def _family(samples: list[Sample]) -> Iterable[str]:
    first = samples[0]
    if first.help:
        yield f"# HELP {first.name} {_escaped(first.help)}"
    yield f"# TYPE {first.name} {'counter' if first.name.endswith('_total') else 'gauge'}"
    for sample in samples:
        yield f"{sample.name}{_labels(sample)} {_number(sample.value)}"


def _labels(sample: Sample) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

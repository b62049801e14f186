"""What one message says about devices that nobody registered: one refusal for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from domain import Reason
from ingest.decoding.danger_detection import Suspicion
from ingest.decoding.refusals import Refusing
from ingest.discovery.hints import Described
from ingest.discovery.resolution import as_words
from ingest.frame import Frame
from ingest.mappings.field_values import Objection
from ingest.results import Draft, Refusal

NAMES_MAX: Final = 200
"""Field names of a device by which its kind is guessed."""


class _Unregistered:
    def __init__(self, first: Draft) -> None:
        self.first = first
        self.names: set[str] = set()
        self.danger = False


class Unregistered:
    """The unregistered devices of one message, looked at draft by draft."""

    def __init__(self, suspicion: Suspicion, described: Described) -> None:
        self._suspicion, self._described = suspicion, described
        self._found: dict[str, _Unregistered] = {}

    def look(self, draft: Draft) -> None:
        """What it says, for the refusal."""
        one = self._found.get(draft.identity)
        if one is None:
            one = self._found[draft.identity] = _Unregistered(draft)
        said = as_words(draft) if draft.told else draft.fields
        fields = self._described.explained(draft.platform, draft.identity, said)
        if len(one.names) < NAMES_MAX:
            one.names.update(fields)
        one.danger = one.danger or self._suspicion.dangerous(draft.platform, fields, one.first.model)

    def refusals(self, refusing: Refusing, frame: Frame) -> Iterator[Refusal]:
        """One for all that the message says about a device."""
        for one in self._found.values():
            first = one.first
            detail = f"no device is called {first.identity[:120]!r} on {first.platform}"
            objection = Objection(Reason.UNKNOWN_DEVICE, detail, one.danger)
            refusal = refusing.refuse(frame, first.platform, first.identity, objection)
            yield replace(refusal, proposed_kind=self._suspicion.kind_of(first.platform, one.names))

"""Raw payloads in, fields out, or why not. It knows which codec a model has, and rests one that hits its limits.

Rest is measured on the instants of the messages, so that a replay rests where the first hearing did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import MINUTE, Instant
from ingest.codecs import Call, Codec, CodecFailed, Decoded
from ingest.codecs.process import KILLED, Workshop
from ingest.codecs.registry import Shelf
from ingest.codecs.worker import LOAD_ONLY, RESTING, STRIKES_MAX
from ingest.formats.json_payload import read_json

REST_MS: Final = MINUTE


class _Strikes(Struct):
    count: int = 0
    rests_until: Instant = 0


class Codecs:
    """The codecs of a site. `shelf` may be replaced at any time: the next call uses the new one."""

    def __init__(self, shelf: Shelf | None = None, workshop: Workshop | None = None) -> None:
        self.shelf = shelf or Shelf()
        self._workshop = workshop or Workshop()
        self._strikes: dict[str, _Strikes] = {}

    def find(self, *models: str | None) -> Codec | None:
        """The codec of the first of these models that has one."""
        return self.shelf.find(*models)

    @property
    def versions(self) -> dict[str, str]:
        """Each codec with the version of its bytes."""
        return {f"codec {codec.name}": codec.version for codec in self.shelf.codecs}

    def decode(self, calls: Sequence[Call]) -> list[Decoded | CodecFailed]:
        """One outcome a call, in order."""
        awake = [call for call in calls if not self._rests(call)] if self._strikes else calls
        answers = iter(self._workshop.run(awake))
        if len(awake) == len(calls):
            return [self._outcome(call, answer) for call, answer in zip(calls, answers, strict=True)]
        wanted = set(map(id, awake))
        return [self._outcome(call, next(answers) if id(call) in wanted else RESTING) for call in calls]

    def complaint(self, codec: Codec) -> str | None:
        """Why this codec cannot be used at all, or None: a call of it may still fail."""
        [answer] = self._workshop.run([Call(codec, b"", LOAD_ONLY, 0)])
        return None if answer == "=" else answer[1:].removeprefix("unusable: ")

    def _rests(self, call: Call) -> bool:
        strikes = self._strikes.get(call.codec.version)
        return strikes is not None and call.received < strikes.rests_until

    def _outcome(self, call: Call, answer: str) -> Decoded | CodecFailed:
        if answer[0] == "?":
            if answer != RESTING:
                self._strike(call, killed=answer == KILLED)
            return CodecFailed(f"{call.codec.name}: {answer[1:]}", exhausted=True)
        if self._strikes:
            self._strikes.pop(call.codec.version, None)
        return read_answer(call.codec.name, answer)

    def _strike(self, call: Call, killed: bool) -> None:
        strikes = self._strikes.setdefault(call.codec.version, _Strikes())
        strikes.count += STRIKES_MAX if killed else 1
        if strikes.count >= STRIKES_MAX:
            strikes.rests_until = call.received + REST_MS

    def close(self) -> None:
        """End the codecs' process."""
        self._workshop.close()


def read_answer(name: str, answer: str) -> Decoded | CodecFailed:
    """What the engine's answer says.

    >>> read_answer("em300", '={"leak": 1}'), read_answer("em300", "!TypeError: …").detail
    (Decoded(data={'leak': 1}, warnings=[]), 'em300: TypeError: …')
    """
    sign, written = answer[0], answer[1:]
    if sign == "!":
        why, _, partly = written.partition("\n")
        beside = read_json(partly.encode()) if partly else None
        return CodecFailed(f"{name}: {why}", partly=beside if isinstance(beside, dict) else {})
    warned, _, written = written.partition("\n") if sign == "~" else ("[]", "", written)
    data, warnings = read_json(written.encode()), read_json(warned.encode())
    if isinstance(data, dict) and isinstance(warnings, list):
        return Decoded(data, [str(each) for each in warnings])
    return CodecFailed(f"{name}: its result cannot be read")

"""Raw payloads in, fields out, or why not. It knows which codec a model has, and rests one that hits its limits.

Rest is measured on the instants of the messages, so that a replay rests where the first hearing did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import MINUTE, Instant
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.codecs.process import KILLED, CodecProcess
from ingest.codecs.registry import CodecRegistry
from ingest.codecs.worker import LIMIT_HITS_MAX, LOAD_ONLY, SUSPENDED
from ingest.formats.json_payload import read_json

SUSPENSION_MS: Final = MINUTE


class _Failures(Struct):
    count: int = 0
    suspended_until: Instant = 0


class CodecRuntime:
    """The codecs of a site. `shelf` may be replaced at any time: the next call uses the new one."""

    def __init__(self, registry: CodecRegistry | None = None, process: CodecProcess | None = None) -> None:
        self.registry = registry or CodecRegistry()
        self._process = process or CodecProcess()
        self._failures: dict[str, _Failures] = {}

    def find(self, *models: str | None) -> Codec | None:
        """The codec of the first of these models that has one."""
        return self.registry.find(*models)

    @property
    def versions(self) -> dict[str, str]:
        """Each codec with the version of its bytes."""
        return {f"codec {codec.name}": codec.version for codec in self.registry.codecs}

    def decode(self, calls: Sequence[DecodeCall]) -> list[Decoded | CodecFailed]:
        """One outcome a call, in order."""
        awake = [call for call in calls if not self._is_suspended(call)] if self._failures else calls
        answers = iter(self._process.run(awake))
        if len(awake) == len(calls):
            return [self._outcome(call, answer) for call, answer in zip(calls, answers, strict=True)]
        wanted = set(map(id, awake))
        return [self._outcome(call, next(answers) if id(call) in wanted else SUSPENDED) for call in calls]

    def load_error(self, codec: Codec) -> str | None:
        """Why this codec cannot be used at all, or None: a call of it may still fail."""
        [answer] = self._process.run([DecodeCall(codec, b"", LOAD_ONLY, 0)])
        return None if answer == "=" else answer[1:].removeprefix("unusable: ")

    def _is_suspended(self, call: DecodeCall) -> bool:
        strikes = self._failures.get(call.codec.version)
        return strikes is not None and call.received < strikes.suspended_until

    def _outcome(self, call: DecodeCall, answer: str) -> Decoded | CodecFailed:
        if answer[0] == "?":
            if answer != SUSPENDED:
                self._record_failure(call, killed=answer == KILLED)
            return CodecFailed(f"{call.codec.name}: {answer[1:]}", hit_limit=True)
        if self._failures:
            self._failures.pop(call.codec.version, None)
        return parse_answer(call.codec.name, answer)

    def _record_failure(self, call: DecodeCall, killed: bool) -> None:
        strikes = self._failures.setdefault(call.codec.version, _Failures())
        strikes.count += LIMIT_HITS_MAX if killed else 1
        if strikes.count >= LIMIT_HITS_MAX:
            strikes.suspended_until = call.received + SUSPENSION_MS

    def close(self) -> None:
        """End the codecs' process."""
        self._process.close()


def parse_answer(name: str, answer: str) -> Decoded | CodecFailed:
    """What the engine's answer says.

    >>> parse_answer("em300", '={"leak": 1}'), parse_answer("em300", "!TypeError: …").detail
    (Decoded(fields={'leak': 1}, warnings=[]), 'em300: TypeError: …')
    """
    sign, written = answer[0], answer[1:]
    if sign == "!":
        why, _, partly = written.partition("\n")
        beside = read_json(partly.encode()) if partly else None
        return CodecFailed(f"{name}: {why}", partial_fields=beside if isinstance(beside, dict) else {})
    warned, _, written = written.partition("\n") if sign == "~" else ("[]", "", written)
    data, warnings = read_json(written.encode()), read_json(warned.encode())
    if isinstance(data, dict) and isinstance(warnings, list):
        return Decoded(data, [str(each) for each in warnings])
    return CodecFailed(f"{name}: its result cannot be read")

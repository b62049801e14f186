"""Writes the ACL of a broker's clients in the format of Mosquitto, EMQX and NanoMQ. Pure: returns the text.

Every format ends with what is not named being refused. Topics are written as they are: ingest.routing.broker_clients
admits no character that one of these formats reads as more than itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ingest.routing.broker_clients import BrokerClient
from ingest.routing.routes import NATIVE
from ingest.routing.topic_access import ACCESS

_NOTICE: Final = "Written by `fengshao broker acl` from the registry: a change here is lost when it is written again."


BLOCKS_MAX: Final = 2_000
"""Mosquitto 2.0.11 read 2,000 users with four topics each in 0.03 s of processor time, 5,000 in 0.25 s, 10,000 in 1.1
s; meanwhile it serves nobody."""


def mosquitto_acl(clients: Iterable[BrokerClient]) -> str:
    """`acl_file` of Mosquitto 2 (mosquitto.conf(5)): a topic that no line names is refused to everybody.

    Mosquitto grants every subscription and withholds the messages that the user may not read. It compares every line
    with every user before it, so beyond BLOCKS_MAX users native devices share patterns, in which `%u` is the user.
    """
    users, lines = list(clients), [f"# {_NOTICE}"]
    if len(users) > BLOCKS_MAX:
        users = [client for client in users if not _is_native(client)]
        lines += ["", *(f"pattern write {topic.replace('{id}', '%u')}" for topic in ACCESS[NATIVE].publish)]
        lines += (f"pattern read {topic.replace('{id}', '%u')}" for topic in ACCESS[NATIVE].subscribe)
    for client in users:
        lines += ["", f"user {client.user}"]
        lines += (f"topic {access} {pattern}" for pattern, access in _mosquitto_topics(client))
    return "\n".join(lines) + "\n"


def _is_native(client: BrokerClient) -> bool:
    """Whether it is a device with no other topics than those of the native format."""
    native = ACCESS[NATIVE]
    own = [
        tuple(topic.replace("{id}", client.user) for topic in topics) for topics in (native.publish, native.subscribe)
    ]
    return client.role == "device" and [client.publish, client.subscribe] == own


def _mosquitto_topics(client: BrokerClient) -> Iterator[tuple[str, str]]:
    """Each filter once: Mosquitto uses the first line that matches a topic and grants the access that is asked for."""
    both = set(client.publish) & set(client.subscribe)
    yield from ((pattern, "readwrite") for pattern in client.publish if pattern in both)
    yield from ((pattern, "write") for pattern in client.publish if pattern not in both)
    yield from ((pattern, "read") for pattern in client.subscribe if pattern not in both)


def emqx_acl(clients: Iterable[BrokerClient]) -> str:
    """`acl.conf` of EMQX 5 (file authorisation): Erlang terms, the first that matches decides, the last refuses all.

    A filter in a rule for publishing covers topics; in a rule for subscribing it covers the filters below it.
    """
    lines = [f"%% {_NOTICE}"]
    for client in clients:
        for action, patterns in (("publish", client.publish), ("subscribe", client.subscribe)):
            if patterns:
                topics = ", ".join(map(_erlang_text, patterns))
                lines.append(f"{{allow, {{username, {_erlang_text(client.user)}}}, {action}, [{topics}]}}.")
    return "\n".join([*lines, *_EMQX_END, ""])


_EMQX_END: Final = ('{deny, all, all, ["$SYS/#", "$oc/#", "$share/#"]}.', "{deny, all}.")
"""`{deny, all}` stands for the filter `#`, which covers no topic that begins with a dollar."""


def _erlang_text(text: str) -> str:
    """A string of Erlang. One with wide characters is a binary in UTF-8, as the broker compares bytes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if text.isascii():
        return f'"{escaped}"'
    return '<<"' + "".join(c if c.isascii() else f"\\x{{{ord(c):x}}}" for c in escaped) + '"/utf8>>'


def nanomq_acl(clients: Iterable[BrokerClient]) -> str:
    """`nanomq_acl.conf` of NanoMQ: the first rule that matches decides, the last refuses all."""
    rules = [
        {"permit": "allow", "username": client.user, "action": action, "topics": list(patterns)}
        for client in clients
        for action, patterns in (("publish", client.publish), ("subscribe", client.subscribe))
        if patterns
    ]
    texts = [json.dumps(rule, ensure_ascii=False) for rule in [*rules, {"permit": "deny"}]]
    return "\n".join([f"# {_NOTICE}", "rules = [", *(f"  {text}" for text in texts), "]", ""])


ACL_FORMATS: Final[Mapping[str, Callable[[Iterable[BrokerClient]], str]]] = {
    "mosquitto": mosquitto_acl,
    "emqx": emqx_acl,
    "nanomq": nanomq_acl,
}
"""By the name of the broker."""

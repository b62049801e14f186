"""Separation of duties: whoever verifies is another person than whoever dealt with it, whatever login they use. Pure.

A login of one person proves that person. A login that several people share proves none of them: who acts with it is
named, and proven by a PIN of this person and this token; the principal then names both.
"""

from __future__ import annotations

from typing import Final

from alerts.alert import Actor

_AS: Final = " as "


def shared_principal(token: str, person: str) -> str:
    """The principal of a person who proved that he acts with a shared token.

    >>> shared_principal("t-1", "li")
    't-1 as li'
    """
    return f"{token}{_AS}{person}"


def is_same_performer(actor: Actor, earlier: str | None) -> bool:
    """Whether the actor may be the one who acted before as this person or principal.

    Two people who proved themselves on one shared token are different; an unproven use of the token may be either.
    """
    if earlier is None:
        return False
    if earlier in (actor.id, actor.principal):
        return True
    own, other = actor.performer.partition(_AS), earlier.partition(_AS)
    return own[0] == other[0] and not (own[2] and other[2])

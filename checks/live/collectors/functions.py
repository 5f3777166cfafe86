"""User-defined functions of all databases at once: those that Lake Formation governs may hold grants of their own.

Without a database the call answers for the whole catalog (botocore's model of Glue, ``GetUserDefinedFunctions``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.live.collectors import Call, Collector, Learnt

if TYPE_CHECKING:
    from collections.abc import Iterator


def _calls(_: Learnt) -> Iterator[Call]:
    yield Call("glue", "GetUserDefinedFunctions", {"Pattern": ".*", "MaxResults": 100})


COLLECTOR = Collector(
    name="functions",
    rank=55,
    operations=(("glue", "GetUserDefinedFunctions"),),
    actions=("glue:GetUserDefinedFunctions",),
    calls=_calls,
)

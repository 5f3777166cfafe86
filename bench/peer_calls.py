"""How many calls lfpolicy makes to read a lake: its own reader against a client that counts and answers nothing.

    …/lfpolicy/bin/python bench/peer_calls.py desired.json

Runs under the peer's own Python, so it imports nothing of ours. Prints {"operation": calls} as one line of JSON. Every
listing is answered by one empty page: the least that its reader can get by with.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

calls: Counter[str] = Counter()


class Client:
    """Any operation of Lake Formation, by boto3's name for it."""

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name == "get_paginator":  # botocore 1.44.5 has none for most of these operations
            raise AttributeError(name)

        def call(**_: object) -> dict[str, Any]:
            calls[name] += 1
            return {}

        return call


def main(path: str) -> None:
    """Read the lake that *path* declares."""
    from lfpolicy.aws import AWSLakeFormationAdapter  # type: ignore[import-not-found] # noqa: PLC0415
    from lfpolicy.io import load_desired  # type: ignore[import-not-found] # noqa: PLC0415

    AWSLakeFormationAdapter(Client(), catalog_id="111122223333").load_current_state_for(load_desired(path))
    print(json.dumps(calls))


if __name__ == "__main__":
    main(sys.argv[1])

"""Engines outside AWS may fetch whole tables."""

from typing import Any

from lab.incidents._acts import change_settings
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Let callers with full table access fetch files with any tool."""

    def allow(settings: dict[str, Any]) -> None:
        settings["AllowFullTableExternalDataAccess"] = True

    change_settings(clients, allow)


INCIDENT = Incident(
    name="outside-engines",
    title="full tables may leave with any tool",
    story=(
        "The setting AllowFullTableExternalDataAccess was switched on to try out a query engine. "
        "Whoever reads a whole table now gets credentials for its files, with no word on what filters them."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

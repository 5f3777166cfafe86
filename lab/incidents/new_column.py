"""A table grows a column, and grants that name what they exclude let it through."""

from typing import Any

from lab.incidents._acts import change_table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Add a column at the end."""

    def add(body: dict[str, Any]) -> None:
        column = {"Name": "clipboard_text", "Type": "string", "Comment": "What was copied, in clear"}
        body["StorageDescriptor"]["Columns"].append(column)

    change_table(clients, "telemetry_curated", "keystroke_sessions", add)


INCIDENT = Incident(
    name="new-column",
    title="a column appears under a grant on all but two",
    story=(
        "A loader added the column clipboard_text to keystroke_sessions. "
        "The training role reads all columns except two that are named, so it reads the new one too."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

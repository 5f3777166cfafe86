"""The same table, other files."""

from typing import Any

from lab.incidents._acts import change_table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Point a public table at the files of a restricted one."""
    files = clients.glue.get_table(DatabaseName="telemetry_raw", Name="private_messages")["Table"]["StorageDescriptor"]

    def repoint(body: dict[str, Any]) -> None:
        body["StorageDescriptor"]["Location"] = files["Location"]

    change_table(clients, "training_features", "activity_features", repoint)


INCIDENT = Incident(
    name="repointed-table",
    title="a public table shows private messages",
    story=(
        "The location of activity_features, which anybody may read, was set to the files of private_messages. "
        "Names, tags and grants are what they were; what lies behind them is not."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

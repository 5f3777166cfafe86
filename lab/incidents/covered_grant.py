"""Grants that give what a tag policy gives already."""

from lab.incidents._acts import grant, only, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Name tables that the readers' tag policies already reach."""
    grant(clients, clients.role("analyst"), table("training_features", "typing_features"), ["SELECT"])
    place = only("training_features", "activity_features", ["region", "meeting_share"])
    grant(clients, clients.role("marketing"), place, ["SELECT"])


INCIDENT = Incident(
    name="covered-grant",
    title="named grants inside what tags give already",
    story=(
        "Two readers asked for access by name to tables that their tag policies already open to them. "
        "The list of grants is longer by two; nobody reads anything new."
    ),
    expect="equal",
    exit_code=0,
    play=play,
)

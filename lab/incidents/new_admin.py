"""One more administrator of the lake."""

from typing import Any

from lab.incidents._acts import change_settings
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Read the settings, add an admin, write them back."""

    def add(settings: dict[str, Any]) -> None:
        settings["DataLakeAdmins"].append({"DataLakePrincipalIdentifier": clients.role("ml-engineer")})

    change_settings(clients, add)


INCIDENT = Incident(
    name="new-admin",
    title="the training role becomes an admin of the lake",
    story=(
        "The training role was made a data lake admin for an afternoon, and stayed one. "
        "An admin may grant anything to anybody, itself included: it reaches everything."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

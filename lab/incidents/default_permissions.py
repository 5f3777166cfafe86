"""New tables are open to everyone again."""

from typing import Any

from lab.incidents._acts import change_settings
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Turn the default for new tables back on."""

    def reopen(settings: dict[str, Any]) -> None:
        everyone = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
        settings["CreateTableDefaultPermissions"] = [{"Principal": everyone, "Permissions": ["ALL"]}]

    change_settings(clients, reopen)


INCIDENT = Incident(
    name="default-permissions",
    title="the default for new tables is open again",
    story=(
        "A script that restores settings wrote an old copy, in which new tables are open to IAM_ALLOWED_PRINCIPALS. "
        "Nothing can be read today that could not be yesterday; tomorrow's tables are born without protection."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

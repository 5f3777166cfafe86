"""A column's own tag is removed, and the table's milder one returns."""

from lab.incidents._acts import only, tags
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Remove the column's own sensitivity."""
    clients.lakeformation.remove_lf_tags_from_resource(
        Resource=only("telemetry_raw", "app_usage", ["window_title"]), LFTags=tags({"sensitivity": ["confidential"]})
    )


INCIDENT = Incident(
    name="dropped-column-override",
    title="window titles lose their own sensitivity",
    story=(
        "The tag sensitivity=confidential was removed from one column, app_usage.window_title. "
        "It inherits sensitivity=internal from its table, and analysts now read the names of open documents."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

"""A row filter gets weaker; the grant on it stays as it was."""

from lab.incidents._acts import change_filter
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Drop half of the predicate."""
    change_filter(clients, "telemetry_curated", "message_threads", "emea_with_consent", "region = 'emea'")


INCIDENT = Incident(
    name="loosened-filter",
    title="the row filter forgets about consent",
    story=(
        "The filter emea_with_consent was shortened to the region, because a dashboard came up empty. "
        "Its grants did not change, but analysts now read conversations of people who never agreed."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

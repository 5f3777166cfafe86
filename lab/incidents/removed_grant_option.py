"""A steward may no longer pass on."""

from lab.incidents._acts import grant, revoke, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant again without the grant option."""
    who, what = clients.role("data-steward"), ["SELECT", "DESCRIBE"]
    place = table("telemetry_curated", "daily_activity")
    revoke(clients, who, place, what, what)
    grant(clients, who, place, what)


INCIDENT = Incident(
    name="removed-grant-option",
    title="the steward may no longer pass on",
    story=(
        "The steward's grant on daily_activity was made anew without the grant option. "
        "It reads as before, but can let nobody else read."
    ),
    expect="narrowed",
    exit_code=2,
    play=play,
)

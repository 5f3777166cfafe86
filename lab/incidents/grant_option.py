"""A reader may now pass on what it reads."""

from lab.incidents._acts import grant, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Add the grant option to what is granted already."""
    grant(clients, clients.role("ml-engineer"), table("telemetry_curated", "screen_sessions"), ["SELECT"], ["SELECT"])


INCIDENT = Incident(
    name="grant-option",
    title="a reader may pass on what it reads",
    story=(
        "The training role was given SELECT on screen_sessions once more, this time with the grant option. "
        "It reads no more than before, but it may now let anybody else read it."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

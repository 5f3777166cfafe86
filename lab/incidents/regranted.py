"""The same grant, made again."""

from lab.incidents._acts import grant, revoke, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Revoke, and grant the same."""
    who, what = clients.role("ml-engineer"), ["SELECT", "DESCRIBE"]
    place = table("telemetry_curated", "screen_sessions")
    revoke(clients, who, place, what)
    grant(clients, who, place, what)


INCIDENT = Incident(
    name="regranted",
    title="a grant is made again",
    story=(
        "A grant was revoked by mistake and given back within the minute. "
        "Its date and author are new; who can read what is not."
    ),
    expect="equal",
    exit_code=0,
    play=play,
)

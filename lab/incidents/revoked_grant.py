"""A reader loses what was declared for it."""

from lab.incidents._acts import only, revoke
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Revoke a grant on columns."""
    place = only("telemetry_curated", "keystroke_sessions", ["region", "keys_per_minute"])
    revoke(clients, clients.role("marketing"), place, ["SELECT"])


INCIDENT = Incident(
    name="revoked-grant",
    title="marketing loses its two columns",
    story=(
        "Marketing's grant on two columns of keystroke_sessions was revoked by hand. "
        "Nobody reads more than declared; somebody reads less, and the next deployment will not notice."
    ),
    expect="narrowed",
    exit_code=2,
    play=play,
)

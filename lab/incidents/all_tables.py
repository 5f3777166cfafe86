"""A grant on one table becomes a grant on all of them."""

from lab.incidents._acts import all_tables, grant, revoke, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Replace the table by the wildcard."""
    who, what = clients.role("ml-engineer"), ["SELECT", "DESCRIBE"]
    revoke(clients, who, table("telemetry_curated", "screen_sessions"), what)
    grant(clients, who, all_tables("telemetry_curated"), what)


INCIDENT = Incident(
    name="all-tables",
    title="one table becomes all tables",
    story=(
        "The grant on screen_sessions was replaced by one on all tables of telemetry_curated, to save work later. "
        "The training role now reads every curated table, message_threads among them, and each that will come."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

"""A right to write that is also a right to read."""

from lab.incidents._acts import grant, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant INSERT beside a column-limited reading right."""
    grant(clients, clients.role("analyst"), table("telemetry_raw", "app_usage"), ["INSERT"])


INCIDENT = Incident(
    name="insert-to-reader",
    title="a reader of some columns may insert",
    story=(
        "Analysts, who see app_usage without names and window titles, were given INSERT to upload corrections. "
        "INSERT comes with reading the files themselves, and files know nothing of columns."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

"""Lake Formation is switched off for tables by a grant to everyone."""

from lab.incidents._acts import grant, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Give everyone everything on the raw tables."""
    for name in ("keystrokes", "screen_captures", "private_messages", "app_usage"):
        grant(clients, "IAM_ALLOWED_PRINCIPALS", table("telemetry_raw", name), ["ALL"])


INCIDENT = Incident(
    name="iam-allowed-principals",
    title="everyone is back on the raw tables",
    story=(
        "To get a failing job through the night, IAM_ALLOWED_PRINCIPALS was given ALL on four raw tables. "
        "From then on Lake Formation decides nothing there: whoever IAM lets in reads everything."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

"""Another account reads along."""

from lab.incidents._acts import grant, table
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant to an account outside."""
    grant(clients, "444455556666", table("training_features", "message_features"), ["SELECT", "DESCRIBE"])


INCIDENT = Incident(
    name="foreign-account",
    title="a foreign account reads message features",
    story=(
        "For a trial with a vendor, account 444455556666 was given SELECT on message_features. "
        "The trial ended, the grant did not, and whom that account lets in nobody here can see."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

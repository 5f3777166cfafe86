"""A table's own tag is removed, and the database's milder one returns."""

from lab.incidents._acts import table, tags
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Remove the table's own sensitivity."""
    clients.lakeformation.remove_lf_tags_from_resource(
        Resource=table("training_features", "message_features"), LFTags=tags({"sensitivity": ["confidential"]})
    )


INCIDENT = Incident(
    name="dropped-override",
    title="message features lose their own sensitivity",
    story=(
        "A clean-up of duplicate tags removed sensitivity=confidential from message_features. "
        "The database's sensitivity=internal returns on it, and every analyst reads features of private messages."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

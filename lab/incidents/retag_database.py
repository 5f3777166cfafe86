"""One word on a database, and every table below it follows."""

from lab.incidents._acts import tags
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Tag the raw database as public."""
    clients.lakeformation.add_lf_tags_to_resource(
        Resource={"Database": {"Name": "telemetry_raw"}}, LFTags=tags({"sensitivity": ["public"]})
    )


INCIDENT = Incident(
    name="retag-database",
    title="the raw database is tagged public",
    story=(
        "Somebody meant the published database and tagged telemetry_raw as sensitivity=public. "
        "No grant changed, yet whoever may read what is public now reads key presses, screens and private messages."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

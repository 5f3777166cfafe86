"""A location is no longer Lake Formation's alone."""

from lab.incidents._acts import location_of
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Switch the raw location to hybrid access."""
    location = location_of(clients, "telemetry_raw")
    clients.lakeformation.update_resource(
        ResourceArn=location["ResourceArn"], RoleArn=location["RoleArn"], HybridAccessEnabled=True
    )


INCIDENT = Incident(
    name="location-hybrid",
    title="the raw location becomes hybrid",
    story=(
        "The raw location was switched to hybrid access for a migration that needed it elsewhere. "
        "Nobody is opted in there, so whoever has S3 rights of their own is no longer held to the lake's grants."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

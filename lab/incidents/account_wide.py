"""One role's policy is given to all principals of the account."""

from lab.incidents._acts import grant, tag_policy
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant a tag policy to every IAM principal of the account."""
    expression = {"domain": ["messages"], "sensitivity": ["restricted"]}
    grant(clients, f"{clients.account}:IAMPrincipals", tag_policy(expression), ["SELECT", "DESCRIBE"])


INCIDENT = Incident(
    name="account-wide",
    title="all principals of the account read messages",
    story=(
        "A tag policy on restricted messages was given to IAMPrincipals, which looked like the name of a group. "
        "It is every user and role of the account, and each that will be made."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

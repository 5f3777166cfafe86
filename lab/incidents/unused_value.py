"""A tag policy gets a value that nothing carries yet."""

from lab.incidents._acts import grant, revoke, tag_policy
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant the policy again with one value more."""
    who, what = clients.role("privacy-officer"), ["SELECT", "DESCRIBE"]
    revoke(clients, who, tag_policy({"domain": ["messages"]}), what)
    grant(clients, who, tag_policy({"domain": ["messages", "wellbeing"]}), what)


INCIDENT = Incident(
    name="unused-value",
    title="a policy waits for tables that do not exist",
    story=(
        "The privacy officer's policy on messages got a second domain that no table carries. "
        "Nothing more can be read today; the first table tagged so will be."
    ),
    expect="latent",
    exit_code=0,
    play=play,
)

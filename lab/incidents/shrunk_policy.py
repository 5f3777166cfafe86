"""A tag policy loses a value."""

from lab.incidents._acts import grant, revoke, tag_policy
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Grant the policy again with one value less."""
    who, what = clients.role("analyst"), ["SELECT", "DESCRIBE"]
    revoke(clients, who, tag_policy({"sensitivity": ["public", "internal"]}), what)
    grant(clients, who, tag_policy({"sensitivity": ["public"]}), what)


INCIDENT = Incident(
    name="shrunk-policy",
    title="analysts lose what is internal",
    story=(
        "The analysts' tag policy was made anew and lost one of its two values. "
        "They still read what is public; what is internal is gone for them, table by table."
    ),
    expect="narrowed",
    exit_code=2,
    play=play,
)

"""A tag policy is moved to a saved expression, and then the expression is edited."""

from lab.incidents._acts import grant, revoke, tag_policy, tags
from lab.incidents._incident import Clients, Incident


def play(clients: Clients) -> None:
    """Swap the inline expression for the saved one of the same body; then widen the body."""
    who, what = clients.role("analyst"), ["SELECT", "DESCRIBE"]
    revoke(clients, who, tag_policy({"sensitivity": ["public", "internal"]}), what)
    grant(clients, who, {"LFTagPolicy": {"ResourceType": "TABLE", "ExpressionName": "shareable"}}, what)
    clients.lakeformation.update_lf_tag_expression(
        Name="shareable", Expression=tags({"sensitivity": ["public", "internal", "confidential"]})
    )


INCIDENT = Incident(
    name="saved-expression",
    title="a saved expression is edited under its grants",
    story=(
        "The analysts' tag policy was moved to the saved expression `shareable`, which said the same. "
        "A week later the expression got one more value, and with no change to any grant analysts read what is "
        "confidential."
    ),
    expect="widened",
    exit_code=3,
    play=play,
)

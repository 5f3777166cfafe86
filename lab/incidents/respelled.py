"""The same access in other words."""

from lab.incidents._acts import all_except, all_tables, change_filter, grant, only, revoke, table, tag_policy, tags
from lab.incidents._incident import Clients, Incident

MEMBERS = ["ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"]


def play(clients: Clients) -> None:
    """Say the same otherwise: members for ALL, a column wildcard for a table, other orders, cases and brackets."""
    etl, engineer, marketing = (clients.role(name) for name in ("etl", "ml-engineer", "marketing"))

    revoke(clients, etl, all_tables("training_features"), ["ALL", *MEMBERS])
    grant(clients, etl, all_tables("training_features"), MEMBERS)

    revoke(clients, engineer, table("telemetry_curated", "screen_sessions"), ["SELECT"])
    grant(clients, engineer, all_except("telemetry_curated", "screen_sessions"), ["SELECT"])

    columns = ["region", "keys_per_minute"]
    revoke(clients, marketing, only("telemetry_curated", "keystroke_sessions", columns), ["SELECT"])
    grant(clients, marketing, only("telemetry_curated", "keystroke_sessions", columns[::-1]), ["SELECT"])

    what = ["SELECT", "DESCRIBE"]
    revoke(clients, engineer, tag_policy({"domain": ["features"], "sensitivity": ["public", "internal"]}), what)
    grant(clients, engineer, tag_policy({"sensitivity": ["internal", "public"], "domain": ["features"]}), what[::-1])

    clients.lakeformation.add_lf_tags_to_resource(
        Resource={"Database": {"CatalogId": clients.account, "Name": "telemetry_raw"}},
        LFTags=tags({"Sensitivity": ["RESTRICTED"]}),
    )
    predicate = "(consent = TRUE) and (region in ('emea'))"
    change_filter(clients, "telemetry_curated", "message_threads", "emea_with_consent", predicate)


INCIDENT = Incident(
    name="respelled",
    title="the same access, spelt otherwise",
    story=(
        "A tool wrote grants, a tag and a row filter anew in its own spelling: six members for ALL, other orders, "
        "capitals and brackets. Line by line everything differs; who can read what is the same."
    ),
    expect="equal",
    exit_code=0,
    play=play,
)

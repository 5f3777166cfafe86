"""Cases that were once judged wrongly, each with the sentence that decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_lakes import (
    ACCOUNT,
    ADMIN,
    ANALYST,
    AUDITOR,
    CATALOG,
    CLIENTS,
    MARKETING,
    NOTES,
    ORDERS,
    all_tables,
    but,
    cells,
    column,
    columns,
    database,
    give,
    lake,
    location,
    said,
    table,
    tagged,
    whole,
)

from checks.compare import compare
from checks.model import (
    EVERYONE,
    AllExcept,
    AnyResource,
    Catalog,
    DatabaseInfo,
    Facts,
    Function,
    Gap,
    Grant,
    Lake,
    LFTag,
    Location,
    OptIn,
    Principal,
    Resource,
    RLSPolicy,
    SavedExpression,
    Severity,
    Side,
    Verdict,
)

READ_ORDERS = give(ANALYST, "SELECT", table("sales.orders"))
SERVICE = Principal("arn:aws:iam::111122223333:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift")
SETTINGS = {"DataLakeAdmins": [ADMIN], "ReadOnlyAdmins": [AUDITOR]}
SALES = {database("sales"): {"sensitivity": "internal"}}
BASES = [DatabaseInfo(database("sales")), DatabaseInfo(database("hr"))]


def key(*values: str) -> LFTag:
    return LFTag(ACCOUNT, "sensitivity", frozenset(values))


def judged(declared: Lake, live: Lake) -> list[str]:
    return said(compare(declared, live).findings)


def test_describe_on_the_catalog_is_implied_by_anything_inside() -> None:
    assert judged(lake([READ_ORDERS]), lake([READ_ORDERS, give(ANALYST, "DESCRIBE", CATALOG)])) == []
    assert judged(lake([READ_ORDERS]), lake([READ_ORDERS, give(MARKETING, "DESCRIBE", CATALOG)])) == ["unmanaged FL102"]


def test_a_service_of_aws_among_the_read_only_admins_is_told_without_weight() -> None:
    live = lake([READ_ORDERS], settings={**SETTINGS, "ReadOnlyAdmins": [AUDITOR, SERVICE]})
    (finding,) = compare(lake([READ_ORDERS], settings=SETTINGS), live).findings
    assert (finding.verdict, finding.exposure, finding.severity) == (Verdict.UNMANAGED, False, Severity.INFO)
    both = lake([READ_ORDERS], settings={**SETTINGS, "ReadOnlyAdmins": [AUDITOR, SERVICE, MARKETING]})
    assert judged(lake([READ_ORDERS], settings=SETTINGS), both) == ["unmanaged FL120", "widened FL120"]


def test_a_settings_member_that_nobody_knows_may_open_anything() -> None:
    live = lake([READ_ORDERS], settings={**SETTINGS, "BrandNewMember": '["x"]'})
    (finding,) = compare(lake([READ_ORDERS], settings=SETTINGS), live).findings
    assert (finding.verdict, finding.exposure) == (Verdict.UNMANAGED, True)


def test_a_declared_grant_that_cannot_be_read_in_full_is_unknown_not_undeclared() -> None:
    gap = Gap(Side.DECLARED, "urn:pulumi:dev::p::aws:lakeformation/permissions:Permissions::g", "`permissions` is a secret",
              Facts.GRANTS, table("sales.orders"), principal=ANALYST)  # fmt: skip
    declared = lake([], gaps=[gap])
    assert judged(declared, lake([READ_ORDERS])) == ["unknown FL151", "unknown FL151"]
    assert judged(declared, lake([give(MARKETING, "SELECT", table("sales.orders"))])) == [
        "unknown FL151",
        "unmanaged FL102",
    ]


def test_a_declared_filter_that_cannot_be_read_is_not_called_undeclared() -> None:
    gap = Gap(Side.DECLARED, "urn", "`tableData.rowFilter` is a secret", Facts.FILTERS, cells("sales.orders", "eu"))
    live = lake([], filters={cells("sales.orders", "eu"): (AllExcept(), "id = 1")})
    assert judged(lake([], gaps=[gap]), live) == ["unknown FL151"]


def test_an_opt_in_on_the_database_holds_for_its_tables() -> None:
    place = [Location("arn:aws:s3:::lake", hybrid=True)]
    declared = lake([], optins=[OptIn(ANALYST, table("sales.orders"))], locations=place)
    on_database = lake([], optins=[OptIn(ANALYST, database("sales"))], locations=place)
    assert "widened FL123" not in judged(declared, on_database)
    assert "widened FL123" in judged(declared, lake([], optins=[OptIn(ANALYST, database("hr"))], locations=place))


HYBRID, REGISTERED = Location("arn:aws:s3:::lake", hybrid=True), Location("arn:aws:s3:::lake")
IAM_ALLOWED = give(EVERYONE, "ALL", table("sales.orders"))


@pytest.mark.parametrize("on", [table("sales.orders"), database("sales"), all_tables("sales")])
@pytest.mark.parametrize(
    ("grants", "places", "expected"),
    [
        ([], [REGISTERED], "changed FL140"),
        ([], [], "changed FL140"),
        ([], [HYBRID], "widened FL123"),
        ([IAM_ALLOWED], [REGISTERED], "widened FL123"),
        ([IAM_ALLOWED], [], "widened FL123"),
    ],
)
def test_an_opt_in_decides_in_hybrid_mode_or_beside_iam_allowed_principals(
    on: Resource, grants: list, places: list[Location], expected: str
) -> None:
    closed = [DatabaseInfo(database("sales"), table_defaults=frozenset()), DatabaseInfo(database("hr"))]
    declared = lake(grants, optins=[OptIn(ANALYST, on)], locations=places, databases=closed)
    assert judged(declared, lake(grants, locations=places, databases=closed)) == [expected]


def test_a_lost_opt_in_counts_where_the_locations_were_not_read() -> None:
    gap = Gap(Side.LIVE, "lakeformation:ListResources", "refused", Facts.LOCATIONS)
    declared = lake([], optins=[OptIn(ANALYST, table("sales.orders"))], locations=[REGISTERED])
    assert "widened FL123" in judged(declared, lake([], gaps=[gap]))


def test_values_of_a_tag_may_be_granted_in_pieces() -> None:
    whole_row = give(ANALYST, "ASSOCIATE", key("public", "internal"))
    pieces = [give(ANALYST, "ASSOCIATE", key("public")), give(ANALYST, "ASSOCIATE", key("internal"))]
    assert judged(lake([whole_row]), lake(pieces)) == []
    assert judged(lake(pieces), lake([whole_row])) == []


def test_every_value_of_a_tag_today_is_latent_beside_the_star() -> None:
    today = give(ANALYST, "ASSOCIATE", key("public", "internal", "confidential", "restricted"))
    star = give(ANALYST, "ASSOCIATE", key("*"))
    assert judged(lake([today]), lake([star])) == ["latent FL160"]
    assert judged(lake([star]), lake([today])) == []


def test_a_policy_on_databases_that_goes_to_every_value_is_latent() -> None:
    assert judged(lake([give(ANALYST, "DESCRIBE", tagged("DATABASE", sensitivity="internal"))], tags=SALES),
                  lake([give(ANALYST, "DESCRIBE", tagged("DATABASE", sensitivity="*"))], tags=SALES)) == ["latent FL160"]  # fmt: skip


def test_a_witness_outside_tables_names_the_thing() -> None:
    for resource, name in (
        (key("public"), "LF-tag sensitivity = public"),
        (Function(ACCOUNT, "sales", "f"), "function sales.f"),
    ):
        (finding,) = (one for one in compare(lake([READ_ORDERS]), lake([READ_ORDERS, give(MARKETING, "DESCRIBE", resource)])).findings
                      if one.rule != "FL126")  # fmt: skip
        assert name in finding.message


def test_what_no_stack_declares_is_no_exposure() -> None:
    for resource in (SavedExpression(ACCOUNT, "e"), RLSPolicy(ACCOUNT, "p"), Catalog(f"{ACCOUNT}:nested")):
        (finding,) = (one for one in compare(lake([READ_ORDERS]), lake([READ_ORDERS, give(MARKETING, "ALTER", resource)])).findings
                      if one.rule != "FL126")  # fmt: skip
        assert (finding.verdict, finding.exposure) == (Verdict.UNMANAGED, False)


def test_a_missing_row_that_another_declared_and_live_row_covers_is_a_remark() -> None:
    wide = give(ANALYST, "SELECT", all_tables("sales"))
    assert judged(lake([wide, give(ANALYST, "SELECT", columns("sales.orders", "id"))]), lake([wide])) == [
        "changed FL141"
    ]


def test_a_declared_column_that_is_gone_narrows() -> None:
    live = lake([READ_ORDERS], tables=[whole("sales.orders", "id email"), CLIENTS, NOTES])
    (finding,) = (one for one in compare(lake([READ_ORDERS]), live).findings if one.rule != "FL126")
    assert (finding.verdict, finding.cause.kind) == (Verdict.NARROWED, "column")
    hidden = give(ANALYST, "SELECT", but("sales.orders", "ssn"))
    assert judged(lake([hidden]), lake([hidden], tables=[whole("sales.orders", "id email"), CLIENTS, NOTES])) == [
        "changed FL140"
    ]


def test_super_user_contains_the_grants_below_it() -> None:
    (finding,) = (one for one in compare(lake([READ_ORDERS]), lake([READ_ORDERS, give(ANALYST, "SUPER_USER", CATALOG)])).findings
                  if one.rule != "FL126")  # fmt: skip
    assert finding.verdict is Verdict.WIDENED
    assert finding.subject.resource == table("sales.orders")


def test_a_wildcard_contains_a_tag_grant_that_reaches_no_further() -> None:
    inside = {table("sales.orders"): {"sensitivity": "internal"}}
    (finding,) = (one for one in compare(lake([give(ANALYST, "SELECT", tagged(sensitivity="internal"))], tags=inside),
                  lake([give(ANALYST, "SELECT", all_tables("sales"))], tags=inside)).findings if one.rule not in {"FL126", "FL141"})  # fmt: skip
    assert finding.verdict is Verdict.WIDENED


def test_a_condition_is_said() -> None:
    everybody = Principal(f"{ACCOUNT}:IAMPrincipals")
    (finding,) = (one for one in compare(lake([]), lake([give(everybody, "SELECT", table("sales.orders"), condition="tag == 1")])).findings
                  if one.rule != "FL126" and one.witness)  # fmt: skip
    assert "where tag == 1" in finding.message


def test_unread_tags_make_no_widening_up() -> None:
    """Where tags could not be read, the declared ones stand in, overrides included."""
    tags = {
        **SALES,
        table("sales.orders"): {"sensitivity": "restricted"},
        column("sales.clients", "phone"): {"sensitivity": "restricted"},
    }
    reader = [give(ANALYST, "SELECT", tagged(sensitivity="internal"))]
    declared = lake(reader, tags=tags, databases=BASES)
    gap = Gap(Side.LIVE, "lakeformation:SearchTablesByLFTags", "AccessDeniedException", Facts.ASSIGNMENTS)
    partly = {target: held for target, held in declared.assignments.items() if target == database("sales")}
    live = replace(declared, assignments=partly, gaps=(gap,))
    assert judged(declared, live) == ["unknown FL150"]


def test_what_was_not_seen_is_not_counted_as_equal() -> None:
    declared = lake([READ_ORDERS], tables=[ORDERS])
    gap = Gap(Side.LIVE, "lakeformation:ListPermissions", "AccessDeniedException", Facts.GRANTS)
    seen, unseen = compare(declared, declared).equal, compare(declared, replace(declared, grants=(), gaps=(gap,))).equal
    assert seen - unseen == 1


def test_a_stack_that_only_grants_takes_the_tags_as_they_are() -> None:
    reader = give(ANALYST, "SELECT DESCRIBE", tagged(sensitivity="internal"))
    tags = {**SALES, column("sales.orders", "ssn"): {"sensitivity": "restricted"}}
    declared, live = lake([reader], [], []), lake([reader], tags=tags)
    assert not [one for one in compare(declared, live).findings if one.severity > Severity.INFO]
    gone = [one for one in compare(declared, lake([], tags=tags)).findings if one.verdict is Verdict.NARROWED]
    assert [one.rule for one in gone] == ["FL130"]
    more = lake([reader, give(MARKETING, "SELECT", tagged(sensitivity="internal"))], tags=tags)
    assert [one.verdict for one in compare(declared, more).findings if one.rule == "FL102"] == [Verdict.UNMANAGED]


def test_a_tag_on_what_is_only_granted_on_has_no_weight() -> None:
    declared = lake([READ_ORDERS], [], [])
    live = lake([READ_ORDERS], tags={column("sales.orders", "ssn"): {"sensitivity": "restricted"}})
    assert not [one for one in compare(declared, live).findings if one.severity > Severity.INFO]


def test_a_registration_above_a_declared_grant_has_no_weight() -> None:
    grant = give(ANALYST, "DATA_LOCATION_ACCESS", location("lake/sales"))
    found = compare(lake([grant], [], []), lake([grant], locations=[Location("arn:aws:s3:::lake")])).findings
    assert not [one for one in found if one.severity > Severity.INFO]


def test_a_location_above_a_granted_table_is_exposure() -> None:
    declared = lake([READ_ORDERS], [], [])
    live = lake([READ_ORDERS, give(MARKETING, "DATA_LOCATION_ACCESS", location("lake/sales"))])
    (finding,) = (one for one in compare(declared, live).findings if one.rule == "FL102")
    assert finding.exposure


def test_a_new_database_with_a_tag_that_the_stacks_assign_elsewhere_is_not_theirs() -> None:
    reader = give(ANALYST, "SELECT", tagged(sensitivity="internal"))
    fresh = [ORDERS, CLIENTS, NOTES, whole("fin.t")]
    live = lake([reader], fresh, tags={**SALES, database("fin"): {"sensitivity": "internal"}})
    (finding,) = (one for one in compare(lake([reader], tags=SALES), live).findings if one.rule == "FL110")
    assert (finding.verdict, finding.exposure) == (Verdict.UNMANAGED, False)
    assert "fin" in finding.message


def test_a_location_on_a_database_declared_without_one_opens_the_files_below_it() -> None:
    creator = give(ANALYST, "CREATE_TABLE", database("sales"))
    place = [Location("arn:aws:s3:::lake")]
    moved = [DatabaseInfo(database("sales"), "arn:aws:s3:::lake"), BASES[1]]
    assert judged(
        lake([creator], databases=BASES, locations=place), lake([creator], databases=moved, locations=place)
    ) == ["widened FL114"]
    assert judged(lake([], databases=BASES, locations=place), lake([], databases=moved, locations=place)) == []


def test_another_tag_policy_that_reaches_all_of_the_declared_one_and_more_widens_it() -> None:
    tags = {
        **SALES,
        database("hr"): {"domain": "sales"},
        database("sales"): {"sensitivity": "internal", "domain": "sales"},
    }
    declared, live = (give(ANALYST, "SELECT", one) for one in (tagged(sensitivity="internal"), tagged(domain="sales")))
    found = compare(lake([declared], tags=tags), lake([live], tags=tags)).findings
    assert [one.verdict for one in found if one.rule == "FL101"] == [Verdict.WIDENED]


def test_any_table_of_the_catalog_implies_describe_on_its_databases() -> None:
    every = give(ANALYST, "SELECT", AnyResource(ACCOUNT, "TABLE"))
    assert said(compare(lake([every]), lake([every, give(ANALYST, "DESCRIBE", database("sales"))])).findings) == []


def test_what_a_policy_would_only_mean_by_the_live_tags_is_nothing_to_lose() -> None:
    creator = give(ANALYST, "CREATE_TABLE", tagged("DATABASE", sensitivity="internal"))
    before, after = ({database("sales"): {"sensitivity": one}} for one in ("restricted", "internal"))
    told = said(compare(lake([creator], tags=before), lake(tags=after)).findings)
    assert "narrowed FL130" not in told


def test_an_undecidable_edit_of_a_filter_hides_no_certain_widening() -> None:
    orders, name = table("sales.orders"), cells("sales.orders", "eu")
    held = give(ANALYST, "SELECT", name)

    def filtered(text: str | None, *more: list[Grant]) -> Lake:
        return lake([held, *more], filters={name: (AllExcept(), text)})

    declared = filtered("email = 'EU'")
    for edited in ("upper(email) = 'EU'", "email = 'EU'"):
        found = compare(declared, filtered(edited, give(ANALYST, "SELECT", orders))).findings
        gain = next(one for one in found if one.rule == "FL101")
        assert (gain.verdict, gain.severity >= Severity.HIGH) == (Verdict.WIDENED, True)
        assert gain.witness is not None
    assert "widened FL101" not in judged(declared, filtered("upper(email) = 'EU'"))


def test_rows_that_were_never_declared_are_nothing_to_lose() -> None:
    one, two = (cells("sales.orders", short) for short in ("f1", "f2"))
    before = {one: (AllExcept(), "email = 'EU'"), two: (AllExcept(), "email = 'EU'")}
    after = {**before, one: (AllExcept(), "email in ('EU', 'US')")}
    declared = lake([give(ANALYST, "SELECT", one)], filters=before)
    assert "narrowed FL130" not in judged(declared, lake([give(ANALYST, "SELECT", two)], filters=after))
    # What was declared and is not shown any more is lost, with a row of it.
    less = {**after, two: (AllExcept(), "email = 'US'")}
    found = compare(declared, lake([give(ANALYST, "SELECT", two)], filters=less)).findings
    lost = next(each for each in found if each.rule == "FL130")
    assert lost.witness is not None
    assert dict(lost.witness.row or ())["email"] == "EU"


def test_only_a_service_linked_role_of_the_account_itself_is_without_weight() -> None:
    foreign = Principal(SERVICE.replace(ACCOUNT, "444455556666"))
    posing = Principal(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/evil/MyRole")
    for who, least in ((SERVICE, Severity.INFO), (foreign, Severity.HIGH), (posing, Severity.HIGH)):
        (finding,) = compare(lake(), lake([give(who, "SELECT", table("sales.orders"))])).findings
        assert (finding.severity >= least) == (finding.exposure or least is Severity.INFO), who
        assert finding.exposure == (who is not SERVICE)


def test_a_principal_without_a_name_is_called_so() -> None:
    (finding,) = compare(lake([]), lake([give(Principal(""), "SELECT", table("sales.orders"))])).findings
    assert finding.message.startswith("a principal without a name can SELECT ")


def test_a_tag_is_gone_with_its_column() -> None:
    tags = {table("sales.orders"): {"domain": "sales"}}
    declared = lake([], tags={**tags, column("sales.orders", "ssn"): {"domain": "hr"}})
    live = lake([], tags=tags, tables=[whole("sales.orders", "id email"), CLIENTS, NOTES])
    (finding,) = (one for one in compare(declared, live).findings if one.subject.kind == "tag")
    assert finding.message.startswith("tag domain of sales.orders.ssn is gone with the column (declared hr)")
    assert "sales" not in finding.cause.what.rpartition("→")[2]
    assert "domain = " not in finding.fix_declare


def test_a_grant_on_a_column_that_is_gone_is_given_by_no_other() -> None:
    before, now = (whole("sales.orders", names, days=False) for names in ("id email ssn", "id email"))
    declared = lake([give(ANALYST, "SELECT", columns("sales.orders", "ssn"))], tables=[before])
    live = lake([], tables=[now])
    (finding,) = (one for one in compare(declared, live).findings if one.rule == "FL141")
    assert finding.message.endswith("does not exist; it would reach nothing today")


def test_any_table_beside_a_policy_that_means_all_of_today_is_latent() -> None:
    tags = {database("sales"): {"sensitivity": "internal"}, database("hr"): {"sensitivity": "internal"}}
    policy = give(ANALYST, "SELECT", tagged(sensitivity="internal"))
    every = give(ANALYST, "SELECT", AnyResource(ACCOUNT, "TABLE"))
    assert judged(lake([policy], tags=tags), lake([policy, every], tags=tags)) == ["latent FL160"]
    assert judged(lake([policy, every], tags=tags), lake([policy, every], tags=tags)) == []

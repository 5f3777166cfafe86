"""What rules say beside yes and no: how grave, of how many, and what they cannot decide."""

from __future__ import annotations

from checks.model import (
    EVERYONE,
    AllTables,
    Column,
    Database,
    DataCellsFilter,
    FilterBody,
    Finding,
    Grant,
    Lake,
    LakeId,
    LFTag,
    Only,
    PartitionPlace,
    Permission,
    Principal,
    ResourcePolicy,
    RLSAttachment,
    Severity,
    Table,
    TableColumns,
    TableInfo,
    TagPolicy,
    Verdict,
    Where,
)
from checks.rules import posture

HOME = LakeId("aws", "111122223333", "eu-west-1")
CATALOG = "111122223333"
SELECT = frozenset({Permission("SELECT")})
ANALYST = Principal("arn:aws:iam::111122223333:role/analyst")
GROUP = Principal("arn:aws:identitystore:::group/11112222-3333")


def table(name: str, *columns: str, database: str = "crm", **more: object) -> tuple[Table, TableInfo]:
    found = Table(CATALOG, database, name)
    return found, TableInfo(found, tuple(Column(one, "string") for one in columns), **more)  # type: ignore[arg-type]


def told(rule: str, lake: Lake) -> list[Finding]:
    return [one for one in posture(lake) if one.rule == rule]


def test_what_is_open_to_everyone_is_critical_where_it_is_sensitive() -> None:
    hot, cold = table("people", "id", "email"), table("days", "id", "day")
    tables = dict([hot, cold])
    (found,) = told("FL201", Lake(HOME, (Grant(EVERYONE, hot[0], SELECT),), tables=tables))
    assert (found.severity, found.reach.sensitive_columns) == (Severity.CRITICAL, 1)
    harmless = TableColumns(hot[0], Only(frozenset({"id"})))
    for grant in (
        Grant(EVERYONE, cold[0], SELECT),
        Grant(EVERYONE, harmless, SELECT),
        Grant(EVERYONE, hot[0], frozenset({Permission("DESCRIBE")})),
        Grant(EVERYONE, Database(CATALOG, "crm"), frozenset({Permission("ALL")})),
    ):
        (found,) = told("FL201", Lake(HOME, (grant,), tables=tables))
        assert found.severity is Severity.HIGH
    (found,) = told("FL201", Lake(HOME, (Grant(EVERYONE, hot[0], frozenset({Permission("INSERT")})),), tables=tables))
    assert found.severity is Severity.CRITICAL


def test_many_filters_of_one_principal_are_one_finding() -> None:
    tables = dict(table(f"t{number}", "a", "b") for number in range(30))
    cells = [DataCellsFilter(one, "some") for one in tables]
    filters = {one: FilterBody(one, Only(frozenset({"a"})), Where("a = 'x'")) for one in cells}
    grants = (*(Grant(ANALYST, one, SELECT) for one in cells), Grant(ANALYST, AllTables(CATALOG, "crm"), SELECT))
    (found,) = told("FL218", Lake(HOME, grants, tables=tables, filters=filters))
    assert found.reach.tables == 30
    assert "30 tables (crm.t0, crm.t1, crm.t10 and 27 more)" in found.message
    assert found.witness is not None
    assert found.witness.column == "a"


def test_one_finding_for_the_untagged_columns_of_a_database() -> None:
    tables = dict(table(f"t{number}", "id", "email") for number in range(30))
    grants = [Grant(Principal(f"{ANALYST}{n}"), AllTables(CATALOG, "crm"), SELECT) for n in range(9)]
    (found,) = told("FL221", Lake(HOME, grants, tables=tables))
    assert (found.reach.tables, found.reach.sensitive_columns, found.reach.principals) == (30, 30, 9)
    assert found.subject.resource == Database(CATALOG, "crm")


def test_a_group_reads_several_sensitive_columns_in_one_finding() -> None:
    tables = dict([table("people", "id", "email", "phone_number"), table("more", "id", "ssn")])
    (found,) = told("FL227", Lake(HOME, (Grant(GROUP, AllTables(CATALOG, "crm"), SELECT),), tables=tables))
    assert found.reach.principals is None
    assert found.reach.sensitive_columns == 3
    assert "crm.more.ssn and 2 more sensitive columns in 2 tables of database crm" in found.message


def test_who_owns_tables_and_assigns_tags_is_graver() -> None:
    tag = Grant(ANALYST, LFTag(CATALOG, "s", frozenset({"low"})), frozenset({Permission("ASSOCIATE")}))
    reads = Grant(ANALYST, TagPolicy(CATALOG, "TABLE", (("s", frozenset({"low"})),)), SELECT)
    owns = Grant(ANALYST, Table(CATALOG, "crm", "days"), SELECT, SELECT)
    (mild,), (grave,) = told("FL216", Lake(HOME, (tag, reads))), told("FL216", Lake(HOME, (tag, reads, owns)))
    assert (mild.severity, grave.severity) == (Severity.MEDIUM, Severity.HIGH)
    assert mild.id == grave.id


def test_what_is_not_known_is_not_decided() -> None:
    saved = Grant(ANALYST, TagPolicy(CATALOG, "TABLE", (), "mine"), SELECT)
    tag = Grant(ANALYST, LFTag(CATALOG, "s", frozenset({"low"})), frozenset({Permission("ASSOCIATE")}))
    assert [one.verdict for one in told("FL216", Lake(HOME, (tag, saved)))] == [Verdict.UNKNOWN]
    name, info = table("view", "id", view_definer="arn:aws:iam::111122223333:role/steward")
    assert [one.verdict for one in told("FL220", Lake(HOME, tables={name: info}))] == [Verdict.UNKNOWN]
    place = PartitionPlace(name, "arn:aws:s3:::lake/x")
    assert [one.verdict for one in told("FL226", Lake(HOME, partitions=(place,)))] == [Verdict.UNKNOWN]
    cells = DataCellsFilter(name, "odd")
    odd = {cells: FilterBody(cells, Only(frozenset({"id"})), Where("lower(id) = 'x'"))}
    assert [one.verdict for one in told("FL217", Lake(HOME, tables={name: info}, filters=odd))] == [Verdict.UNKNOWN]
    for text in ("no json", '{"Statement":[{"Effect":"Maybe"}]}', '["x"]'):
        assert [one.verdict for one in told("FL223", Lake(HOME, policies=(ResourcePolicy(text),)))] == [Verdict.UNKNOWN]


def test_a_policy_open_to_everybody_is_critical() -> None:
    text = '{"Statement":{"Action":"glue:*","Effect":"Allow","NotPrincipal":{"AWS":"444455556666"},"Resource":"*"}}'
    (found,) = told("FL223", Lake(HOME, policies=(ResourcePolicy(text),)))
    assert found.severity is Severity.CRITICAL
    text = '{"Statement":{"Action":"glue:*","Effect":"Allow","Principal":{"AWS":"444455556666"},"Resource":"*"}}'
    nowhere = LakeId("aws", "unknown", "unknown")
    assert [one.verdict for one in told("FL223", Lake(nowhere, policies=(ResourcePolicy(text),)))] == [Verdict.UNKNOWN]


def test_a_partition_in_another_tables_place_is_graver() -> None:
    own, other = table("a", "id", location="arn:aws:s3:::lake/a"), table("b", "id", location="arn:aws:s3:::lake/b")
    (mild,) = told("FL226", Lake(HOME, tables=dict([own]), partitions=(PartitionPlace(own[0], "arn:aws:s3:::x/1"),)))
    places = (PartitionPlace(own[0], "arn:aws:s3:::lake/b/day=1"),)
    (grave,) = told("FL226", Lake(HOME, tables=dict([own, other]), partitions=places))
    assert (mild.severity, grave.severity) == (Severity.LOW, Severity.MEDIUM)
    assert "belongs to crm.b" in grave.message


def test_a_default_row_policy_is_graver_and_one_finding() -> None:
    attached = tuple(RLSAttachment("p", Table(CATALOG, "crm", f"t{n}"), ANALYST) for n in range(5))
    (found,) = told("FL219", Lake(HOME, rls=attached))
    assert "crm.t0, crm.t1, crm.t2 and 2 more places" in found.message
    (grave,) = told("FL219", Lake(HOME, rls=(RLSAttachment("p", Table(CATALOG, "crm", "t"), None, default=True),)))
    assert (found.severity, grave.severity) == (Severity.MEDIUM, Severity.HIGH)

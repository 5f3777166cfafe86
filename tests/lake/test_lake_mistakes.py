"""A declaration that cannot be meant ends with one sentence, before anything is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake import (
    Column,
    Dataset,
    Governance,
    Location,
    Mistake,
    OnAllTables,
    OnCatalog,
    OnDatabase,
    OnTable,
    OnTag,
    OptIn,
    Readers,
    RowFilter,
    Select,
    Table,
    TagPolicyGrant,
)
from lake.mistake import known
from lake.permission import FITTING, fitting
from lake.principal import checked
from lake.rowfilter import predicate
from lake.table import numbered, sampled, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from lake_mocks import Evaluate

ADMIN = "arn:aws:iam::111122223333:role/lake-admin"
ANALYST = "arn:aws:iam::111122223333:role/analyst"


def rules(**more: Any) -> Governance:
    tags = {"sensitivity": ["public", "internal"], "domain": ["sales"]}
    return Governance("lake", **({"account_id": "111122223333", "admins": [ADMIN], "tags": tags} | more))


def orders(**more: Any) -> Dataset:
    table = Table(
        "orders",
        columns=[Column("order_id", "bigint"), Column("region", "string"), Column("e_mail", "string", "Of the buyer")],
        partition_keys=[Column("order_date", "date")],
    )
    told: dict[str, Any] = {"location": "s3://example-sales/", "governance": rules(), "tables": [table]}
    return Dataset("sales", **(told | more))


# What is declared, and the sentence it ends with.
MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "misspelt permission": (
        lambda: orders().grant(ANALYST, OnTable("orders", ["SELCT"])),  # type: ignore[list-item]
        "grant to `role/analyst` on `sales.orders`: `SELCT` is no permission on a table; did you mean `SELECT`?",
    ),
    "permission in lower case": (
        lambda: orders().grant(ANALYST, OnDatabase(["create_table"])),  # type: ignore[list-item]
        "grant on `sales`: `create_table` is no permission on a database; did you mean `CREATE_TABLE`?",
    ),
    "permission of another kind": (
        lambda: orders().grant(ANALYST, OnAllTables(["CREATE_TABLE"])),  # type: ignore[list-item]
        "grant on `sales`: `CREATE_TABLE` is a permission on a database, not on a table",
    ),
    "permission of a tag on the catalog": (
        lambda: rules().grant(ANALYST, OnCatalog(["ASSOCIATE"])),  # type: ignore[list-item]
        "grant on the catalog: `ASSOCIATE` is a permission on an LF-tag, not on a catalog",
    ),
    "no permission": (
        lambda: orders().grant(ANALYST, OnDatabase([])),
        "grant on `sales`: a grant without permissions grants nothing",
    ),
    "permissions as text": (
        lambda: orders().grant(ANALYST, OnDatabase("DESCRIBE")),  # type: ignore[arg-type]
        "grant on `sales`: permissions are a list, `DESCRIBE` is text",
    ),
    "grantable but not held": (
        lambda: orders().grant(ANALYST, OnTable("orders", ["DESCRIBE"], grantable=["SELECT"])),
        (
            "grant to `role/analyst` on `sales.orders`: `SELECT` can be passed on only by who holds it; "
            "add it to the permissions"
        ),
    ),
    "unknown table": (
        lambda: orders().grant(ANALYST, Select("order")),
        "grant to `role/analyst` on `sales.order`: `order` is no table of `sales`; did you mean `orders`?",
    ),
    "unknown column": (
        lambda: orders().grant(ANALYST, Select("orders", columns=["email"])),
        "grant to `role/analyst` on `sales.orders`: `email` is no column of `orders`; did you mean `e_mail`?",
    ),
    "unknown excluded column": (
        lambda: orders().grant(ANALYST, Select("orders", except_=["phone"])),
        (
            "grant to `role/analyst` on `sales.orders`: `phone` is no column of `orders`; "
            "there is `e_mail`, `order_id` and `region`"
        ),
    ),
    "partition key among columns": (
        lambda: orders().grant(ANALYST, Select("orders", except_=["order_date"])),
        (
            "grant to `role/analyst` on `sales.orders`: `order_date` is a partition key, which everybody sees; "
            "leave it out"
        ),
    ),
    "no columns": (
        lambda: orders().grant(ANALYST, Select("orders", except_=[])),
        "grant to `role/analyst` on `sales.orders`: `columns` and `except_` take a list with at least one column",
    ),
    "columns both ways": (
        lambda: orders().grant(ANALYST, Select("orders", columns=["region"], except_=["e_mail"])),
        "grant to `role/analyst` on `sales.orders`: name `columns` or `except_`, not both",
    ),
    "exclusion passed on": (
        lambda: orders().grant(ANALYST, Select("orders", except_=["e_mail"], grantable=True)),
        (
            "grant to `role/analyst` on `sales.orders`: all columns except some cannot be passed on; "
            "name the columns, or drop `grantable`"
        ),
    ),
    "unknown tag": (
        lambda: orders(tags={"sensitivty": "public"}),
        "dataset `sales`: `sensitivty` is no LF-tag; did you mean `sensitivity`?",
    ),
    "unknown tag value": (
        lambda: orders(tags={"sensitivity": "publik"}),
        "dataset `sales`: `publik` is no value of LF-tag `sensitivity`; did you mean `public`?",
    ),
    "unknown tag value on a column": (
        lambda: orders(tables=[Table("t", [Column("a", "int")], column_tags={"a": {"domain": "hr"}})]),
        "dataset `sales` table `t` column `a`: `hr` is no value of LF-tag `domain`; there is `sales`",
    ),
    "tag on an unknown column": (
        lambda: orders(tables=[Table("t", [Column("amount", "int")], column_tags={"amuont": {"domain": "sales"}})]),
        "dataset `sales` table `t`: `amuont` is no column of `t`; did you mean `amount`?",
    ),
    "capitals in a tag": (
        lambda: rules(tags={"Sensitivity": ["public"]}),
        "governance `lake`: LF-tag text `Sensitivity` is stored in lower case; write it so",
    ),
    "unknown tag in a policy": (
        lambda: TagPolicyGrant("p", rules(), ANALYST, tags={"owner": ["x"]}, permissions=["SELECT"]),
        "tag policy `p`: `owner` is no LF-tag; there is `domain` and `sensitivity`",
    ),
    "one value as text in a policy": (
        lambda: TagPolicyGrant("p", rules(), ANALYST, tags={"domain": "sales"}, permissions=["SELECT"]),
        "tag policy `p`: LF-tag `domain` takes a list of values",
    ),
    "SELECT on databases": (
        lambda: TagPolicyGrant(
            "p", rules(), ANALYST, on="DATABASE", tags={"domain": ["sales"]}, permissions=["SELECT"]
        ),
        "tag policy `p`: `SELECT` is a permission on a table, not on a database",
    ),
    "policy without tags": (
        lambda: TagPolicyGrant("p", rules(), ANALYST, tags={}, permissions=["SELECT"]),
        "tag policy `p`: a policy without tags would match nothing; name at least one key",
    ),
    "unknown value in a tag grant": (
        lambda: rules().grant(ANALYST, OnTag("sensitivity", ["secret"], ["ASSOCIATE"])),
        "grant on LF-tag `sensitivity`: `secret` is no value of LF-tag `sensitivity`; there is `internal` and `public`",
    ),
    "unknown value in a saved expression": (
        lambda: rules(expressions={"open": {"sensitivity": ["pubic"]}}),
        "saved expression `open`: `pubic` is no value of LF-tag `sensitivity`; did you mean `public`?",
    ),
    "session as principal": (
        lambda: orders().grant("arn:aws:sts::111122223333:assumed-role/analyst/me", OnDatabase(["DESCRIBE"])),
        "grant on `sales`: `arn:aws:sts::111122223333:assumed-role/analyst/me` is a session; name the role itself",
    ),
    "eleven digits": (
        lambda: orders().grant("44445555666", OnDatabase(["DESCRIBE"])),
        "grant on `sales`: `44445555666` is no account; an account has twelve digits",
    ),
    "role name as principal": (
        lambda: orders().grant("role/analyst", OnDatabase(["DESCRIBE"])),
        "grant on `sales`: `role/analyst` is no ARN; write `arn:aws:iam::ACCOUNT:` before it",
    ),
    "admin that is a group": (
        lambda: rules(admins=["arn:aws:iam::111122223333:group/admins"]),
        (
            "governance `lake`: `arn:aws:iam::111122223333:group/admins` is an IAM group, which cannot hold grants; "
            "name its users or a role"
        ),
    ),
    "no admin": (
        lambda: rules(admins=[]),
        "governance `lake`: a lake without an admin can never be changed again; name at least one",
    ),
    "grant made twice": (
        lambda: [(sales := orders()).grant(ANALYST, Select("orders")), sales.grant(ANALYST, Select("orders"))],
        (
            "grant to `role/analyst` on `sales.orders`: `role/analyst:sales.orders:select` is granted twice; "
            "make it one grant"
        ),
    ),
    "columns beside the whole": (
        lambda: [
            (sales := orders()).grant(ANALYST, OnTable("orders", ["DESCRIBE"])),
            sales.grant(ANALYST, Select("orders", except_=["e_mail"])),
        ],
        (
            "grant to `role/analyst` on `sales.orders`: a grant on some columns cannot stand beside another grant "
            "on the same table"
        ),
    ),
    "location without a scheme": (
        lambda: Location("raw", "example-sales/raw", governance=rules(), role=ADMIN),
        "location `raw`: `example-sales/raw` is no location; write `s3://bucket/prefix/`",
    ),
    "location read by a user": (
        lambda: Location("raw", "s3://example-sales/", governance=rules(), role="arn:aws:iam::111122223333:user/me"),
        (
            "location `raw`: `arn:aws:iam::111122223333:user/me` is no role; "
            "a location is read through a role's credentials"
        ),
    ),
    "capitals in a table": (
        lambda: orders(tables=[Table("Orders", [Column("a", "int")])]),
        "dataset `sales`: `Orders` is no table name; use lower-case letters, digits and `_`",
    ),
    "unknown type": (
        lambda: orders(tables=[Table("t", [Column("a", "bigit")])]),
        "dataset `sales` table `t`: `bigit` is no type for column `a`; did you mean `bigint`?",
    ),
    "column twice": (
        lambda: orders(tables=[Table("t", [Column("a", "int")], partition_keys=[Column("a", "int")])]),
        "dataset `sales` table `t`: column `a` is there twice",
    ),
    "table twice": (
        lambda: orders(tables=[Table("t", [Column("a", "int")])] * 2),
        "dataset `sales`: table `t` is there twice",
    ),
    "unknown column in a predicate": (
        lambda: RowFilter("eu", orders(), "orders", where="regoin = 'eu'"),
        "row filter `eu`: `regoin` is no column of the table; did you mean `region`?",
    ),
    "filter on an unknown table": (
        lambda: RowFilter("eu", orders(), "oders", where="region = 'eu'"),
        "row filter `eu`: `oders` is no table of `sales`; did you mean `orders`?",
    ),
    "filter permission": (
        lambda: RowFilter("eu", orders(), "orders", where="region = 'eu'").grant(ANALYST, ["INSERT"]),  # type: ignore[list-item]
        "grant on row filter `eu`: `INSERT` is a permission on a table, not on a row filter",
    ),
    "opt-in on an unknown table": (
        lambda: OptIn("o", ANALYST, orders(), tables=["ordres"]),
        "opt-in `o`: `ordres` is no table of `sales`; did you mean `orders`?",
    ),
    "readers of nothing": (
        lambda: Readers("team", [ANALYST], []),
        "readers `team`: name at least one principal and one access",
    ),
    "hostile name": (
        lambda: orders().grant(ANALYST, Select("or\x1b[2Jders\u202e")),
        (
            "grant to `role/analyst` on `sales.or\\u001b[2Jders\\u202e`: `or\\u001b[2Jders\\u202e` "
            "is no table of `sales`; did you mean `orders`?"
        ),
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_one_sentence(case: str, evaluate: Evaluate) -> None:
    declare, sentence = MISTAKES[case]
    said: list[str] = []

    def body() -> None:
        with pytest.raises(Mistake) as error:
            declare()
        said.append(str(error.value))

    evaluate(body)
    assert said == [sentence]


def test_a_mistake_in_a_dataset_registers_nothing_of_it(evaluate: Evaluate) -> None:
    def body() -> None:
        governance = rules()
        with pytest.raises(Mistake):
            orders(governance=governance, tables=[Table("good", [Column("a", "int")]), Table("bad", [])])

    assert not evaluate(body).of("CatalogTable")


@pytest.mark.parametrize("kind", FITTING)
def test_every_permission_fits_where_the_table_says_and_only_there(kind: str) -> None:
    for permission in sorted({word for words in FITTING.values() for word in words}):
        if permission in FITTING[kind]:
            fitting(kind, [permission], [permission], "here")
        else:
            with pytest.raises(Mistake, match=f"^here: `{permission}` is a permission on .*, not on {kind}$"):
                fitting(kind, [permission], [], "here")


@pytest.mark.parametrize(
    "principal",
    [
        ANALYST,
        "arn:aws-us-gov:iam::111122223333:user/team/me@example.com",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/us-east-1/AWSReservedSSO_x_0123456789abcdef",
        "arn:aws:iam::111122223333:saml-provider/idp:group/data",
        "arn:aws:quicksight:us-east-1:111122223333:group/default/readers",
        "arn:aws:identitystore:::user/906700000a-00000000-0000-0000-0000-000000000000",
        "arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-ab12-cdefgh34",
        "arn:aws:organizations::111122223333:organization/o-abcdefghij",
        "444455556666",
        "111122223333:IAMPrincipals",
        "IAM_ALLOWED_PRINCIPALS",
    ],
)
def test_every_kind_of_principal_is_understood(principal: str) -> None:
    assert checked(principal, "here") == principal


@given(st.text(max_size=40))
def test_whatever_is_no_principal_is_refused_in_one_printable_line(text: str) -> None:
    try:
        checked(text, "here")
    except Mistake as mistake:
        assert str(mistake).isprintable()  # noqa: PT017
    else:
        assert text == "IAM_ALLOWED_PRINCIPALS" or text[:12].isdigit() or text.startswith("arn:")


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_known_gives_back_what_is_known_and_nothing_else(word: str, words: list[str]) -> None:
    if word in words:
        assert known(word, words, noun="thing", where="here") == word
    else:
        with pytest.raises(Mistake) as error:
            known(word, words, noun="thing", where="here")
        assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "region = 'emea' AND consent = true",
        "(region IN ('emea', 'it''s (here')) OR (NOT age BETWEEN 1 AND -2.5)",
        "region LIKE 'e%' AND \"region\" IS NOT NULL",
        '"place"."city" = \'x\'',
        "age<>3 and REGION!='a'",
    ],
)
def test_predicates_of_the_documented_grammar_pass(text: str) -> None:
    predicate(text, {"region", "consent", "age"}, "here")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" ", "here: the predicate is empty; leave the filter out, or say which rows"),
        ("age = " + "1" * 2043, "here: the predicate has 2049 characters, more than 2048"),
        ("region = 'a", "here: a quote or parenthesis is not closed in `region = 'a`"),
        ("(age = 1", "here: a quote or parenthesis is not closed in `(age = 1`"),
        ("age = 1) OR (age = 2", "here: a quote or parenthesis is not closed in `age = 1) OR (age = 2`"),
        ("lower(region) = 'a'", "here: `lower` is no column of the table; there is `age` and `region`"),
    ],
)
def test_predicates_that_aws_would_refuse(text: str, sentence: str) -> None:
    with pytest.raises(Mistake) as error:
        predicate(text, {"region", "age"}, "here")
    assert str(error.value) == sentence


# ------------------------------------------------------------------------------------------------------------ scaling
FAMILIES = {
    "one": [Table("a", [Column("x", "int")], tags={"k": "v"}), Table("b", [Column("x", "int")])],
    "two": [Table("c", [Column("x", "int")]), Table("d", [Column("x", "int")])],
}


@given(st.integers(min_value=4, max_value=500))
def test_scaling_gives_the_number_asked_for_evenly_and_without_doubles(total: int) -> None:
    tables = spread(FAMILIES, total)
    assert sum(map(len, tables.values())) == total
    assert abs(len(tables["one"]) - len(tables["two"])) <= 1
    for database, some in tables.items():
        assert len({table.name for table in some}) == len(some)
        assert some[:2] == FAMILIES[database]


def test_a_larger_lake_contains_the_smaller_one() -> None:
    small, large = spread(FAMILIES, 10), spread(FAMILIES, 50)
    for database, tables in small.items():
        assert large[database][: len(tables)] == tables


@pytest.mark.parametrize("total", [0, 3, 45_001])
def test_sizes_out_of_bounds(total: int) -> None:
    with pytest.raises(Mistake, match=f"^`floodline:tables`: {total} is not between 4 and 45000$"):
        spread(FAMILIES, total)


def test_copies_keep_columns_and_only_some_keep_overrides() -> None:
    first = FAMILIES["one"][0]
    assert numbered(first, 2).name == "a_0002"
    assert numbered(first, 2).columns == first.columns
    assert not numbered(first, 2).tags
    assert numbered(first, 20).tags == first.tags
    assert sampled(["a", "b_x", *(f"a_{copy:04d}" for copy in range(2, 32))], 10) == [
        "a",
        "b_x",
        "a_0011",
        "a_0021",
        "a_0031",
    ]

"""Whoever may execute a function reads what it reads; where its code lies is said, for who changes that reads it too."""

from checks.compare import compare
from checks.model import (
    AnyResource,
    Database,
    DatabaseInfo,
    Function,
    FunctionInfo,
    Grant,
    Lake,
    LakeId,
    Permission,
    Principal,
    Table,
    TableInfo,
)

ACCOUNT = "111122223333"
HERE = LakeId("aws", ACCOUNT, "us-east-1")
MASK = Function(ACCOUNT, "sales", "mask")
SALES = Database(ACCOUNT, "sales")
ORDERS = Table(ACCOUNT, "sales", "orders")
MARKETING = Principal(f"arn:aws:iam::{ACCOUNT}:role/marketing")
CODE = "s3://lake/code/mask.jar"


def lake(*grants, functions=()):
    reads = Grant(Principal(f"arn:aws:glue:us-east-1:{ACCOUNT}:userDefinedFunction/sales/Mask"),
                  AnyResource(ACCOUNT, "TABLE"), frozenset({Permission("SELECT")}))  # fmt: skip
    return Lake(HERE, (reads, *grants), {SALES: DatabaseInfo(SALES)}, {ORDERS: TableInfo(ORDERS, ())},
                functions={one.id: one for one in functions})  # fmt: skip


def test_the_place_of_a_function_s_code_is_said():
    gained = Grant(MARKETING, MASK, frozenset({Permission("EXECUTE")}))
    info = FunctionInfo(MASK, code=frozenset({CODE}), governed=True)
    (found,) = compare(lake(), lake(gained, functions=[info])).findings
    assert f"function sales.Mask reads 1 table, by the code at {CODE}" in found.message
    (plain,) = compare(lake(), lake(gained)).findings
    assert "function sales.Mask reads 1 table" in plain.message
    assert "by the code" not in plain.message
    assert found.id == plain.id, "where the code lies is no part of what the finding is"


def test_functions_alone_differ_from_nothing():
    info = FunctionInfo(MASK, code=frozenset({CODE}))
    assert compare(lake(), lake(functions=[info])).findings == ()

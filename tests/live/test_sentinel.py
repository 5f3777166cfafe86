"""What botocore knows and floodline does not is said, and nothing else: models doctored one way at a time."""

import copy

import pytest
from botocore.loaders import Loader

from checks.live import sentinel
from checks.model import LakeId

HERE = LakeId("aws", "111122223333", "us-east-1")
MODELS = {name: Loader().load_service_model(name, "service-2") for name in sentinel.SERVICES}


def doctored(service, change):
    model = copy.deepcopy(MODELS[service])
    change(model)
    return sentinel.unmodelled(service, model)


@pytest.mark.parametrize("service", sentinel.SERVICES)
def test_the_installed_models_are_known(service):
    assert sentinel.unmodelled(service, MODELS[service]) == ()


def test_every_enum_that_is_known_is_in_a_model():
    assert [name for service, name in sentinel.ENUMS if name not in MODELS[service]["shapes"]] == []


@pytest.mark.parametrize("name", ["ListColumnMasks", "GetTableAccessRules", "CreateColumnMask"])
@pytest.mark.parametrize("service", sentinel.SERVICES)
def test_a_new_operation_is_named(service, name):
    said = doctored(service, lambda model: model["operations"].update({name: {"name": name}}))
    assert said == (f"operation `{name}`",)


@pytest.mark.parametrize("shape", ["Permission", "DataLakeResourceType", "ResourceType", "AnyResourceSupportedTypes"])
def test_a_new_value_of_an_enum_is_named(shape):
    said = doctored("lakeformation", lambda model: model["shapes"][shape]["enum"].append("FLY"))
    assert said == (f"`{shape}` value `FLY`",)


def test_a_new_member_of_the_union_of_resources_is_named():
    def change(model):
        model["shapes"]["Resource"]["members"]["ColumnMask"] = {"shape": "CatalogResource"}

    assert doctored("lakeformation", change) == ("`Resource.ColumnMask`",)


@pytest.mark.parametrize(
    ("service", "shape"),
    [
        ("lakeformation", "DataLakeSettings"),
        ("lakeformation", "PrincipalResourcePermissions"),
        ("lakeformation", "TaggedTable"),
        ("glue", "Table"),
        ("glue", "Column"),
        ("glue", "RLSProperties"),
        ("glue", "EncryptionAtRest"),
        ("glue", "UserDefinedFunction"),
    ],
)
def test_a_new_member_of_what_is_read_is_named(service, shape):
    def change(model):
        model["shapes"][shape]["members"]["Open"] = {
            "shape": next(iter(model["shapes"][shape]["members"].values()))["shape"]
        }

    assert f"`{shape}.Open`" in doctored(service, change)


def test_a_new_enum_in_what_is_read_is_named():
    def change(model):
        model["shapes"]["Mode"] = {"type": "string", "enum": ["A"]}
        model["shapes"]["ResourceInfo"]["members"]["VerificationStatus"] = {"shape": "Mode"}

    assert doctored("lakeformation", change) == ("enum `Mode`",)


def test_the_ledger_has_one_row_for_each_service_and_stays_complete():
    models = copy.deepcopy(MODELS)
    models["lakeformation"]["operations"] |= {"ListA": {}, "ListB": {}}
    (row,) = sentinel.ledger(models, "9.9.9", [HERE])
    assert (row.account, row.region, row.service, row.complete) == (HERE.account, HERE.region, "lakeformation", True)
    assert row.basis == "listed, not analysed: botocore 9.9.9 knows of operation `ListA`, operation `ListB`"
    assert sentinel.ledger(MODELS, "1.0", [HERE]) == ()

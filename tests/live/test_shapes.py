"""The shapes we read are the service model's: every member, its type, and nothing that is not there."""

import types
import typing

import botocore.session
import msgspec
import pytest

from checks import normal
from checks.live import shapes
from checks.live.draft import READERS
from checks.live.shapes import Shape
from checks.semantics import PERMISSIONS

# Members that the model leaves optional but without which a row says nothing.
NEEDED = {
    ("CallerIdentity", "Arn"), ("LakePrincipal", "Identity"), ("SettingsAnswer", "DataLakeSettings"),
    ("Principal", "DataLakePrincipalIdentifier"), ("PermissionRow", "Principal"), ("PermissionRow", "Resource"),
    ("PermissionRow", "Permissions"), ("ExpressionRow", "Name"), ("ExpressionRow", "Expression"),
    ("LocationRow", "ResourceArn"), ("OptInRow", "Principal"), ("OptInRow", "Resource"), ("RLSRow", "Name"),
    ("RLSAnswer", "RLSPolicy"), ("AttachmentRow", "PolicyName"), ("AttachmentRow", "Resource"),
    ("IdentityCenterAnswer", "InstanceArn"), ("TableName", "Name"), ("TaggedTable", "Table"),
    ("TaggedDatabase", "Database"), ("FilterResource", "DatabaseName"), ("FilterResource", "TableName"),
    ("FilterResource", "Name"), ("DatabaseLink", "DatabaseName"),
    ("TableLink", "DatabaseName"), ("TableLink", "Name"), ("ColumnPairs", "Name"),
    ("EncryptionAnswer", "DataCatalogEncryptionSettings"), ("EncryptionAtRest", "CatalogEncryptionMode"),
    ("FunctionRow", "FunctionName"), ("FunctionRow", "DatabaseName"),
}  # fmt: skip
# A shape that stands for two of the model's.
SHARED = {"Pair": {"CatalogId"}}
KINDS = {"string": str, "boolean": bool, "structure": dict, "list": list, "map": dict, "timestamp": str}


@pytest.fixture(scope="module")
def models():
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service, _ in READERS}


def inner(kind):
    if isinstance(kind, types.UnionType):
        kind = next(one for one in kind.__args__ if one not in {type(None), msgspec.UnsetType})
    return kind


def differences(shape, model, path):
    """Yield where a shape and the service model's structure disagree."""
    hints = typing.get_type_hints(shape)
    known = set(model.members)
    for name in hints.keys() ^ known:
        if not (name in hints and name in SHARED.get(shape.__name__, ())):
            yield f"{path}.{name}"
    required = {one.name for one in msgspec.structs.fields(shape) if one.required}
    for name in required ^ (set(model.required_members) & known):
        if (shape.__name__, name) not in NEEDED:
            yield f"{path}.{name} required"
    for name in hints.keys() & known:
        yield from different(inner(hints[name]), model.members[name], f"{path}.{name}")


def different(kind, model, path):
    if kind in {typing.Any, msgspec.Raw}:
        return
    if isinstance(kind, type) and issubclass(kind, Shape):
        yield from differences(kind, model, path)
    elif typing.get_origin(kind) is list:
        assert model.type_name == "list", path
        yield from different(typing.get_args(kind)[0], model.member, f"{path}[]")
    elif (typing.get_origin(kind) or kind) is not KINDS[model.type_name]:
        yield f"{path}: {kind}"


@pytest.mark.parametrize("call", sorted(READERS), ids=":".join)
def test_a_shape_is_what_the_installed_service_model_says(models, call):
    service, operation = call
    spec = READERS[call].spec
    model = models[service].operation_model(operation).output_shape
    assert list(differences(spec.page, model, operation)) == []
    if spec.member is not None:
        assert list(different(spec.row, model.members[spec.member].member, spec.member)) == []


def test_the_pieces_that_are_read_later_are_what_the_installed_service_model_says(models):
    assert list(differences(shapes.ColumnRow, models["glue"].shape_for("Column"), "Column")) == []
    assert list(differences(shapes.Pair, models["lakeformation"].shape_for("LFTagPair"), "LFTagPair")) == []


def test_the_union_of_resources_is_what_the_installed_service_model_says(models):
    assert list(differences(shapes.Resource, models["lakeformation"].shape_for("Resource"), "Resource")) == []


def test_resources_are_those_of_the_installed_service_model(models):
    union = models["lakeformation"].shape_for("Resource")
    for name, member in union.members.items():
        body: dict[str, object] = {one: "x" for one in member.members if "Wildcard" not in one and one != "ColumnNames"}
        body |= {"TagValues": ["x"]} if "TagValues" in body else {}
        body |= {"ColumnWildcard": {}} if name == "TableWithColumns" else {}
        body.pop("Expression", None)
        found = normal.resource({name: body}, "111122223333")
        assert type(found).__name__ != "UnknownResource", name


def test_permissions_are_those_of_the_installed_service_model(models):
    assert set(models["lakeformation"].shape_for("Permission").enum) <= PERMISSIONS

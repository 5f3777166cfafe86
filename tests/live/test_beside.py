"""What raises confidence beside the listings that a view needs: listings by kind, things read twice, samples, figures."""

import copy
import dataclasses
import json
import re

from botocore.loaders import Loader
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_aws import ACCOUNT, ANALYST, CATALOG, GRANTS, LAKE, Aws, denied, granted, needed, read, tag

from checks.live import iam, sampling
from checks.live.answer import Failure
from checks.live.collectors import collectors
from checks.live.collectors.sweeps import kinds
from checks.live.draft import READERS
from checks.live.facts import build
from checks.model import DataCellsFilter, Facts, Function, Table

FULL = read(Aws())
WHOLE = needed(FULL)


def basis(live, operation):
    (row,) = [row for row in live.ledger if row.operation == operation]
    return row.basis


def gaps(live, facts):
    return [gap for lake in live.lakes for gap in lake.gaps if gap.facts is facts]


def test_a_full_reading_is_complete_and_says_what_was_held_against_what():
    live = build(FULL)
    assert live.complete
    assert f"{len(kinds())} listings by kind of resource: no other grants" in basis(live, "ListPermissions")
    assert "read again after the grants: the same" in basis(live, "GetDataLakeSettings")
    assert "listed again after the grants: the same" in basis(live, "ListLFTags")
    assert "the same as searches found" in basis(live, "GetResourceLFTags")
    assert "not encrypted" in basis(live, "GetDataCatalogEncryptionSettings")
    assert live.lakes[0].functions.keys() == {Function(ACCOUNT, "sales", "mask"), Function(ACCOUNT, "empty", "plain")}
    mask = live.lakes[0].functions[Function(ACCOUNT, "sales", "mask")]
    assert (mask.governed, mask.code) == (True, frozenset({"s3://lake/code/mask.jar"}))


def test_a_reading_without_any_of_it_is_as_complete_and_has_the_same_facts():
    old = [one for one in WHOLE if one.operation not in {"GetUserDefinedFunctions", "GetDataCatalogEncryptionSettings"}]
    live, plain = build(old), build(FULL)
    assert live.complete
    assert set(live.lakes[0].grants) == set(plain.lakes[0].grants)
    assert live.lakes[0].assignments == plain.lakes[0].assignments


# ----------------------------------------------------------------------------------------------------- listings by kind
def test_every_kind_that_botocore_knows_is_listed():
    shapes = Loader().load_service_model("lakeformation", "service-2")["shapes"]
    assert set(kinds()) == set(shapes["DataLakeResourceType"]["enum"])
    asked = [
        one.request["ResourceType"] for one in FULL if "ResourceType" in one.request and "NextToken" not in one.request
    ]
    assert sorted(asked) == sorted(kinds())


ONE_MORE = granted(ANALYST, {"Table": {**CATALOG, "DatabaseName": "sales", "Name": "all_tables"}}, "ALTER")


def by_kind(answer):
    return Aws({**LAKE, "ListPermissions": ("PrincipalResourcePermissions", answer)})


@settings(max_examples=20, deadline=None)
@given(st.randoms())
def test_what_only_a_listing_by_kind_shows_is_read_and_a_gap_in_whatever_order(chance):
    aws = by_kind(lambda request: [*GRANTS, ONE_MORE] if request.get("ResourceType") == "TABLE" else GRANTS)
    answers = read(aws)
    chance.shuffle(answers)
    live = build(answers)
    assert not live.complete
    (gap,) = gaps(live, Facts.GRANTS)
    assert "the whole listing leaves out" in gap.reason
    assert "sales.all_tables" in gap.reason
    row = next(one for one in live.lakes[0].grants if one.resource == Table(ACCOUNT, "sales", "all_tables"))
    assert row.permissions == {"ALTER", "DROP"}


def test_filters_that_show_with_their_table_alone_are_no_disagreement():
    plain = [one for one in GRANTS if "DataCellsFilter" not in one["Resource"]]
    live = build(read(by_kind(lambda request: GRANTS if "Resource" in request else plain)))
    assert live.complete
    assert any(isinstance(one.resource, DataCellsFilter) for one in live.lakes[0].grants)


def test_what_no_kind_lists_is_told_and_no_gap():
    live = build(read(by_kind(lambda request: GRANTS[:-1] if "ResourceType" in request else GRANTS)))
    assert live.complete
    assert "no other grants, but for 1 that no kind lists" in basis(live, "ListPermissions")


def test_a_listing_by_kind_that_was_refused_is_told_and_no_gap():
    refused = [
        dataclasses.replace(one, response=None, error=Failure("AccessDeniedException", "no", 400))
        if one.request.get("ResourceType") == "CATALOG" else one for one in FULL
    ]  # fmt: skip
    live = build(refused)
    assert live.complete
    assert "CATALOG did not end" in basis(live, "ListPermissions")


# ------------------------------------------------------------------------------------------------------- before, after
def test_settings_that_change_while_the_lake_is_read_are_a_gap():
    first = [one for one in WHOLE if one.operation != "GetDataLakeSettings"]
    told = [one for one in FULL if one.operation == "GetDataLakeSettings"]
    body = json.loads(told[-1].response)
    body["DataLakeSettings"]["DataLakeAdmins"].append({"DataLakePrincipalIdentifier": ANALYST})
    other = dataclasses.replace(told[-1], response=json.dumps(body).encode())
    assert [gap.facts for gap in build([*first, told[0], other]).lakes[0].gaps] == [Facts.SETTINGS]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2), st.integers(0, 1), st.randoms())
def test_lf_tags_that_change_while_the_lake_is_read_are_a_gap(row, how, chance):
    """Whatever changes, on whatever page, and in whatever order the answers stand."""
    pages = [one for one in WHOLE if one.operation == "ListLFTags"]
    again = [dict(json.loads(one.response)) for one in pages]
    rows = [tag for page in again for tag in page["LFTags"]]
    if how:
        rows[row]["TagValues"].append("later")
    else:
        for page in again:
            page["LFTags"] = [one for one in page["LFTags"] if one is not rows[row]]
    for number, page in enumerate(again):
        if "NextToken" in page:
            page["NextToken"] = f"second{number}"
    later = [
        dataclasses.replace(one, response=json.dumps(page).encode(),
                            request={**one.request, **({"NextToken": f"second{n - 1}"} if n else {})})
        for n, (one, page) in enumerate(zip(pages, again, strict=True))
    ]  # fmt: skip
    answers = [*WHOLE, *later]
    chance.shuffle(answers)
    live = build(answers)
    assert not live.complete
    assert any("two listings disagree" in gap.reason for gap in gaps(live, Facts.TAGS))


# -------------------------------------------------------------------------------------------------------------- samples
def test_the_sample_is_the_same_whoever_draws_it():
    names = [sampling.spelt(None, "d", f"t{number}") for number in range(500)]
    drawn = sampling.draw(names)
    assert len(drawn) == sampling.SIZE
    assert drawn == sampling.draw(reversed(names))
    own: dict = {}
    for name in names:
        sampling.drawn(own, name)
    assert all(sampling.drawn(own, name) for name in drawn)
    assert sum(sampling.drawn(own, name) for name in names) == sampling.SIZE


def missed(request):
    """A search that misses the table's tags, as a service might."""
    return []


def test_where_the_sample_disagrees_every_table_is_asked_and_what_it_says_counts(monkeypatch):
    monkeypatch.setattr(sampling, "SIZE", 3)
    tables = [{"Name": f"t{number}", "DatabaseName": "sales", "CatalogId": ACCOUNT} for number in range(9)]
    lake = {
        **LAKE,
        "GetTables": ("TableList", lambda request: tables if request["DatabaseName"].lower() == "sales" else []),
        "SearchTablesByLFTags": ("TableList", missed),
        "GetResourceLFTags": lambda _: {"LFTagsOnTable": [tag("restricted")]},
    }
    answers = read(Aws(lake))
    singly = {one.request["Resource"]["Table"]["Name"] for one in answers if one.operation == "GetResourceLFTags"}
    assert singly == {f"t{number}" for number in range(9)}
    live = build(answers)
    assert live.complete
    assert "what each object says of itself counts" in basis(live, "GetResourceLFTags")
    assert live.lakes[0].assignments[Table(ACCOUNT, "sales", "t4")]["sensitivity"].value == "restricted"
    # Without the other tables' answers nobody knows what they carry.
    asked = [one for one in answers if one.operation == "GetResourceLFTags"]
    partly = build([one for one in answers if one not in asked[3:]])
    assert not partly.complete
    assert gaps(partly, Facts.ASSIGNMENTS)


def test_a_sample_that_agrees_costs_no_more_calls(monkeypatch):
    monkeypatch.setattr(sampling, "SIZE", 1)
    assert sum(one.operation == "GetResourceLFTags" for one in read(Aws())) == 1


def test_a_sample_that_was_refused_altogether_leaves_the_lf_tags_unverified():
    live = build(read(Aws(faults={"GetResourceLFTags": denied("GetResourceLFTags")})))
    assert not live.complete
    assert all(
        "the caller needs `lakeformation:GetResourceLFTags`" in gap.reason for gap in gaps(live, Facts.ASSIGNMENTS)
    )


# ----------------------------------------------------------------------------------------------------------- encryption
ENCRYPTED = {"DataCatalogEncryptionSettings": {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS"}}}


def test_where_metadata_is_encrypted_a_listing_of_policies_alone_proves_nothing():
    answers = read(Aws({**LAKE, "GetDataCatalogEncryptionSettings": ENCRYPTED}))
    assert build(answers).complete
    live = build([one for one in answers if one.operation != "GetResourcePolicy"])
    assert not live.complete
    (gap,) = gaps(live, Facts.POLICIES)
    assert "encrypted" in gap.reason
    (row,) = [row for row in live.ledger if row.operation == "GetDataCatalogEncryptionSettings"]
    assert "`SSE-KMS`" in row.basis


def test_a_policy_that_the_listing_leaves_out_says_what_the_caller_lacks():
    lake = {**LAKE, "GetDataCatalogEncryptionSettings": ENCRYPTED,
            "GetResourcePolicies": ("GetResourcePoliciesResponseList", [])}  # fmt: skip
    live = build(read(Aws(lake)))
    assert live.complete
    assert live.lakes[0].policies
    assert "`kms:Decrypt`" in basis(live, "GetResourcePolicies")


# -------------------------------------------------------------------------------------------------------------- figures
def rows_of(answers):
    """Count the rows of every operation in the answers' own JSON."""
    found: dict[str, int] = {}
    for one in answers:
        reader = READERS.get((one.service, one.operation))
        if reader is not None and one.response is not None:
            listed = json.loads(one.response).get(reader.spec.member) if reader.spec.member else [1]
            found[one.operation] = found.get(one.operation, 0) + len(listed or ())
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rows_that_came_are_rows_used_or_not_used_with_a_reason(data):
    """Whichever answers are there, however often, with whatever rows broken or repeated."""
    answers = []
    for one in data.draw(st.lists(st.sampled_from(FULL), min_size=1, max_size=60)):
        reader = READERS[one.service, one.operation]
        if one.response is None or reader.spec.member is None or not data.draw(st.booleans()):
            answers.append(one)
            continue
        page = json.loads(one.response)
        rows = page.get(reader.spec.member) or []
        for row in list(rows):
            match data.draw(st.integers(0, 4)):
                case 0:
                    rows.append(copy.deepcopy(row))
                case 1:
                    row.clear()
                case 2:
                    row["Permissions"] = []
        answers.append(dataclasses.replace(one, response=json.dumps(page).encode()))
    live = build(answers)
    assert not any("accounted for" in gap.reason for lake in live.lakes for gap in lake.gaps)
    came = rows_of(answers)
    for row in live.ledger:
        assert row.rows == came.get(row.operation, 0), row.operation
        if row.rows:
            (used,) = re.findall(r"(\d+|all) used(?:;|$)", row.basis)
            left = sum(int(number) for number in re.findall(r"(\d+) rows? not used", row.basis))
            assert (row.rows if used == "all" else int(used)) + left == row.rows, row.basis


def test_a_row_that_nobody_accounts_for_is_a_gap(monkeypatch):
    from checks.live import draft  # noqa: PLC0415

    call = ("lakeformation", "ListResources")

    def loses(room, rows, answer, tally):
        """Take a page and lose it."""

    monkeypatch.setitem(draft.READERS, call, dataclasses.replace(READERS[call], page=loses))
    live = build(WHOLE)
    assert not live.complete
    assert any("1 of them are not accounted for" in gap.reason for gap in live.lakes[0].gaps)


# ------------------------------------------------------------------------------------------------------------------ iam
def test_the_policy_fits_into_a_managed_policy():
    assert len(json.dumps(iam.policy(), separators=(",", ":"))) <= 6144


def test_every_collector_names_an_action_for_each_of_its_operations():
    for one in collectors():
        assert set(one.actions) == {f"{service}:{operation}" for service, operation in one.operations}


def test_the_snippet_keeps_the_admins_that_there_are():
    assert "read_only_admins=[..., reader.arn]" in iam.READER
    assert "replaces" in iam.READER
    assert "get-data-lake-settings" in iam.READER

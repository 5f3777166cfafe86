"""Who a principal is, told from its spelling, and which containments are certain."""

import pytest

from checks.model import EVERYONE, Principal
from checks.principals import Kind, account_of, covers, groups_of, is_foreign, is_many, kind_of, role_name

HERE, THERE = "111122223333", "444455556666"
IAM = f"arn:aws:iam::{HERE}"

SPELLINGS = [
    (EVERYONE, Kind.EVERYONE, None),
    (HERE, Kind.ACCOUNT, HERE),
    (f"{HERE}:IAMPrincipals", Kind.ACCOUNT_PRINCIPALS, HERE),
    (f"{IAM}:role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRole", Kind.SERVICE_LINKED_ROLE, HERE),
    (f"{IAM}:role/team/analyst", Kind.ROLE, HERE),
    (f"arn:aws-us-gov:iam::{HERE}:role/analyst", Kind.ROLE, HERE),
    (f"{IAM}:user/someone", Kind.USER, HERE),
    (f"{IAM}:saml-provider/okta:user/someone", Kind.SAML_USER, HERE),
    (f"{IAM}:saml-provider/okta:group/hr", Kind.SAML_GROUP, HERE),
    (f"arn:aws:quicksight:us-east-1:{HERE}:user/default/someone", Kind.QUICK_USER, HERE),
    (f"arn:aws:quicksight:us-east-1:{HERE}:group/default/hr", Kind.QUICK_GROUP, HERE),
    ("arn:aws:identitystore:::user/94482488-3041-7", Kind.IDENTITY_CENTER_USER, None),
    ("arn:aws:identitystore:::group/94482488-3041-7", Kind.IDENTITY_CENTER_GROUP, None),
    (f"arn:aws:organizations::{HERE}:organization/o-abc", Kind.ORGANIZATION, HERE),
    (f"arn:aws:organizations::{HERE}:ou/o-abc/ou-def", Kind.ORGANIZATIONAL_UNIT, HERE),
    (f"arn:aws:glue:us-east-1:{HERE}:userDefinedFunction/sales/mask", Kind.FUNCTION, HERE),
    (f"{IAM}:root", Kind.UNKNOWN, None),
    ("1111222233334", Kind.UNKNOWN, None),
    (f"{IAM}:role/", Kind.UNKNOWN, None),
    ("", Kind.UNKNOWN, None),
]
ONE = {
    Kind.USER,
    Kind.ROLE,
    Kind.SERVICE_LINKED_ROLE,
    Kind.SAML_USER,
    Kind.QUICK_USER,
    Kind.IDENTITY_CENTER_USER,
}
IN_THE_GROUP = {Kind.USER, Kind.ROLE, Kind.SERVICE_LINKED_ROLE}


def test_every_kind_has_a_spelling():
    assert {kind for _, kind, _ in SPELLINGS} == set(Kind)


@pytest.mark.parametrize(("text", "kind", "account"), SPELLINGS)
def test_the_spelling_tells_kind_and_account(text, kind, account):
    assert kind_of(Principal(text)) is kind
    assert account_of(Principal(text)) == account


@pytest.mark.parametrize(("text", "kind", "account"), SPELLINGS)
def test_only_people_and_roles_are_one(text, kind, account):
    assert is_many(Principal(text)) is (kind not in ONE)


@pytest.mark.parametrize(("text", "kind", "account"), SPELLINGS)
def test_an_organization_is_foreign_everywhere_an_account_everywhere_else(text, kind, account):
    organized = kind in {Kind.ORGANIZATION, Kind.ORGANIZATIONAL_UNIT}
    assert is_foreign(Principal(text), HERE) is organized
    assert is_foreign(Principal(text), THERE) is (organized or account == HERE)


@pytest.mark.parametrize(("text", "kind", "account"), SPELLINGS)
def test_the_accounts_group_holds_its_users_and_roles_and_nobody_else(text, kind, account):
    who, group = Principal(text), Principal(f"{HERE}:IAMPrincipals")
    inside = kind in IN_THE_GROUP
    assert covers(who, who) is True
    assert covers(group, who) is (inside or who == group)
    assert covers(Principal(f"{THERE}:IAMPrincipals"), who) is False
    assert groups_of(who) == ((who, group) if inside else (who,))
    for other, other_kind, _ in SPELLINGS:
        if other != text and other_kind is not Kind.ACCOUNT_PRINCIPALS:
            assert covers(Principal(other), who) is False


@pytest.mark.parametrize(
    ("arn", "named"),
    [
        (f"{IAM}:role/analyst", (HERE, "analyst")),
        (f"{IAM}:role/team/a/analyst", (HERE, "analyst")),
        (f"arn:aws:sts::{HERE}:assumed-role/analyst/session", (HERE, "analyst")),
        (f"arn:aws:sts::{HERE}:assumed-role/analyst", (HERE, "analyst")),
        (f"arn:aws-cn:sts::{HERE}:assumed-role/analyst/a/b", (HERE, "analyst")),
        (f"{IAM}:user/analyst", None),
        (f"{IAM}:role/", None),
        ("analyst", None),
    ],
)
def test_a_role_and_its_sessions_have_one_name(arn, named):
    assert role_name(arn) == named

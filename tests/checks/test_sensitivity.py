"""What is sensitive: names that are and names that only look so, marks, and what configuration adds."""

from __future__ import annotations

import pytest

from checks.model import (
    Assignment,
    Column,
    ColumnRef,
    Database,
    DatabaseInfo,
    Lake,
    LakeId,
    Table,
    TableInfo,
    TagTarget,
)
from checks.sensitivity import SHIPPED, Senses, SensitivityError, settled
from checks.view import View

SENSITIVE = """
email user_email email_address emailaddress contact_email work_email customer_emails phone phone_number mobile mobile_number
home_phone telephone msisdn address home_address street_address shipping_address address_line_1 street postcode zip_code zip
first_name last_name full_name surname maiden_name customer_name patient_name employee_name date_of_birth dob birth_date
birthday gender sex ethnicity religion nationality marital_status sexual_orientation political_views ip_address client_ip
mac_address imei ssn social_security_number passport_number national_id driver_license tax_id nino aadhaar_number
credit_card_number card_number cvv iban account_number bank_account routing_number salary base_salary income credit_score
diagnosis icd_code medication prescription medical_history health_status patient_id blood_type heart_rate lab_results
fingerprint face_id face_embedding voiceprint biometric_hash latitude longitude lat lng gps_lat geo_location home_location
keystrokes keystroke typed_text key_text keylog screenshot screenshots screen_text screen_capture window_title page_title
clipboard clipboard_text clipboard_content message_body message_text chat_message private_message direct_messages transcript
call_transcript chat_log email_body email_subject mail_content comment_text audio_recording voice_recording webcam_image
password password_hash passwd api_key access_token refresh_token secret client_secret private_key session_token
security_answer emailAddress firstName dateOfBirth
""".split()  # noqa: SIM905

HARMLESS = """
address_count screen_size emails_sent_total id order_id user_id session_id event_id created_at updated_at event_time
screen_width screen_height screen_resolution screen_brightness email_count email_verified is_email_verified email_opt_in
email_opened email_bounced email_template email_campaign email_domain phone_verified phone_model phone_type has_phone
address_type memory_address contract_address address_space key_count key key_id partition_key primary_key sort_key foreign_key
table_name column_name event_name product_name campaign_name file_name host_name hostname job_name team_name display_order
message_count messages_total message_id message_type keystroke_count keystrokes_total clipboard_enabled screenshot_count
screenshots_total location_id location_count warehouse_location platform flat plate template relation translation language
token_count tokens_used token_type password_changed_at password_expired api_key_id_count secret_count health_check_status
race_condition_count score amount quantity price revenue total status state type category version region country_code
currency title description body text subject sender recipient duration latency bytes_sent application device_type os browser
page_views clicks impressions card_type account_type account_status salary_band_count diagnosis_count income_bracket_count
audio_enabled video_duration camera_model microphone_status gps_enabled gps_accuracy_threshold latency_ms lat_ms_p95 accounts
""".split()  # noqa: SIM905


def test_there_are_enough_names_each_way() -> None:
    assert len({*SENSITIVE}) >= 80
    assert len({*HARMLESS}) >= 80


@pytest.mark.parametrize("name", SENSITIVE)
def test_names_of_personal_data(name: str) -> None:
    assert SHIPPED.column(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_only_look_so(name: str) -> None:
    assert SHIPPED.column(name) is None


@pytest.mark.parametrize(
    "name",
    ["keystrokes", "screenshots", "clipboard_events", "private_messages", "gps_points", "payroll", "face_prints"],
)
def test_tables_that_hold_personal_data(name: str) -> None:
    assert SHIPPED.table(name) or name == "clipboard_events"  # events of a clipboard may be a count


@pytest.mark.parametrize("name", ["orders", "screen_sizes", "keystroke_counts", "daily_activity", "messages_total"])
def test_tables_that_do_not(name: str) -> None:
    assert SHIPPED.table(name) is None


@pytest.mark.parametrize("text", ["PII", "contains personal data", "GDPR: special category", "phi, handle with care"])
def test_comments_that_mark(text: str) -> None:
    assert SHIPPED.comment(text)


@pytest.mark.parametrize("text", ["", "no PII", "non-PII", "PII: no", "the number of orders", "pii-free"])
def test_comments_that_do_not(text: str) -> None:
    assert SHIPPED.comment(text) is None


# ------------------------------------------------------------------------------------------------------------ one lake
HR = Database("111122223333", "hr")
STAFF = Table("111122223333", "hr", "staff")


def sensed(*columns: Column, tags: dict[str, str] | None = None, **more: object) -> dict[str, str]:
    """Return a table's sensitive columns; ``tags`` are the sensitivity of ``""`` (the database) and of columns."""
    assignments: dict[TagTarget, dict[str, Assignment]] = {
        (ColumnRef(STAFF, name) if name else HR): {"sensitivity": Assignment(HR, "sensitivity", value)}
        for name, value in (tags or {}).items()
    }
    info = TableInfo(STAFF, columns, **more)  # type: ignore[arg-type]
    home = LakeId("aws", "111122223333", "eu-west-1")
    lake = Lake(home, tables={STAFF: info}, assignments=assignments, databases={HR: DatabaseInfo(HR)})
    senses = Senses(SHIPPED, View(lake, named=True))
    found = dict(senses.columns(STAFF))
    assert senses.among(STAFF, frozenset(one.name for one in columns)) == found.keys()
    return found


def test_a_name_tells_unless_the_column_is_tagged_otherwise() -> None:
    team, email = Column("team"), Column("email")
    assert sensed(team, email).keys() == {"email"}
    assert sensed(team, email, tags={"": "internal"}).keys() == {"email"}
    assert sensed(team, email, tags={"": "internal", "email": "public"}) == {}
    assert sensed(team, email, tags={"team": "restricted"}).keys() == {"team", "email"}


def test_a_mark_on_the_whole_takes_in_every_column_but_those_marked_otherwise() -> None:
    team, size = Column("team"), Column("size")
    assert sensed(team, size, tags={"": "restricted"}).keys() == {"team", "size"}
    assert sensed(team, size, tags={"": "restricted", "size": "public"}).keys() == {"team"}
    assert sensed(team, size, parameters=(("pii", "true"),)).keys() == {"team", "size"}
    assert sensed(team, size, parameters=(("pii", "false"),)) == {}
    assert sensed(team, Column("note", comment="PII")).keys() == {"note"}
    assert sensed(team, Column("note", parameters=(("classification", "secret"),))).keys() == {"note"}


def test_why_is_told() -> None:
    assert sensed(Column("email")) == {"email": "contact data"}
    assert sensed(Column("x"), tags={"x": "restricted"}) == {"x": "LF-tag sensitivity=restricted"}


# -------------------------------------------------------------------------------------------------------- configuration
def test_configuration_adds_to_what_is_shipped_or_stands_alone() -> None:
    more = settled({"columns": ["badge_*"], "tables": ["vip*"], "comments": ["Class 3"], "spared": ["email_x*"]})
    assert more.column("badge_number")
    assert more.column("email")
    assert more.column("email_x1") is None
    assert more.table("vips")
    assert more.comment("of class 3, really")
    alone = settled({"shipped": False, "tags": {"Privacy": "High"}, "parameters": {"owner": ["a", "b"]}})
    assert alone.column("email") is None
    assert alone.tagged({"privacy": "high"})
    assert alone.parameter([("Owner", "B")])


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"colums": []}, "sensitivity has no `colums`"),
        ({"columns": "email"}, "`columns` must be a list of texts"),
        ({"tags": ["a"]}, "`tags` must be a table"),
        ({"tags": {"a": 1}}, r"`tags.a` must be a text"),
        ({"shipped": "no"}, "`shipped` must be true or false"),
    ],
)
def test_what_nobody_understands_is_refused(told: dict[str, object], said: str) -> None:
    with pytest.raises(SensitivityError, match=said):
        settled(told)

"""The journal: on disk at once, readable wherever it breaks off, and in the same order whatever came first."""

import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_aws import ACCOUNT, REGION

from checks.live.answer import Answer, Cut, Failure
from checks.live.journal import Journal, Part
from checks.live.recording import Header, RecordingError, Writer, read

LAKE = (ACCOUNT, REGION)
HEADER = Header("2026-11-23T10:00:00Z", "floodline", "1.44.5")


def page(number, operation="ListPermissions", token="", service="lakeformation", **request):
    asked = {**request, "MaxResults": 1000, **({"NextToken": token} if token else {})}
    body = b'{"Rows":[%d],"part":{"collector":"none"}}' % number
    return Answer(ACCOUNT, REGION, service, operation, asked, body, None, "2026-11-23T10:00:00Z", 0)


ANSWERS = [
    (page(1), Part("permissions", page=1)),
    (page(2, token="t"), Part("permissions", page=2)),
    (page(3, "GetDataLakeSettings"), Part("settings")),
    (page(4, "GetTables", service="glue", DatabaseName="b"), Part("tables")),
    (page(5, "GetTables", service="glue", DatabaseName="a"), Part("tables", page=1)),
    (page(6, "GetTables", "u", service="glue", DatabaseName="a"), Part("tables", page=2)),
    (page(7, "ListResources"), Part("locations")),
]


def journal(answers=ANSWERS):
    stream = io.BytesIO()
    made = Journal(stream, HEADER, (REGION,))
    for answer, part in answers:
        made.add(answer, part)
    return stream, made


def resumed(stream):
    """Go on with a journal that has at least its first line."""
    made = Journal.resume(stream, "lake.part")
    assert made is not None
    return made


def numbers(made):
    return [answer.response[9:10].decode() for answer in made.answers([LAKE])]


@given(st.permutations(ANSWERS))
def test_whatever_came_first_the_order_is_that_of_the_plan(answers):
    assert numbers(journal(answers)[1]) == ["3", "1", "2", "5", "6", "4", "7"]


def test_a_journal_is_a_recording_and_becomes_one():
    stream, made = journal()
    header, answers = read(io.BytesIO(stream.getvalue()), "lake.part")
    assert header == HEADER
    assert [dataclasses.replace(one, line=0) for one in answers] == [one for one, _ in ANSWERS]
    out = io.BytesIO()
    with Writer(out, made.header) as writer:
        for line in made.lines([LAKE]):
            writer.line(line)
    again = list(read(io.BytesIO(out.getvalue()), "lake.jsonl")[1])
    assert again == list(made.answers([LAKE]))
    assert [one.line for one in again] == list(range(2, len(ANSWERS) + 2))
    assert b'"attempt"' not in out.getvalue(), "what only the journal needs is not in the recording"


def test_cut_at_any_byte_it_is_readable_and_goes_on():
    whole, made = journal()
    data, expected = whole.getvalue(), list(made.answers([LAKE]))
    kept = set()
    for size in range(len(data) + 1):
        stream = io.BytesIO(data[:size])
        try:
            found = list(read(io.BytesIO(data[:size]), "lake.part")[1])
        except RecordingError:
            assert not kept, "only a cut first line is none at all"
        else:
            assert not [one for one in found[:-1] if isinstance(one, Cut)]
        again = Journal.resume(stream, "lake.part")
        if again is None:
            assert stream.getvalue() == b""
            continue
        assert (again.header, again.scope) == (HEADER, (REGION,))
        kept.add(len(again))
        for answer, part in ANSWERS[len(again) :]:
            again.add(answer, part)
        assert list(again.answers([LAKE])) == expected
        assert stream.getvalue() == data
    assert kept == set(range(len(ANSWERS) + 1))


def test_what_follows_damage_is_dropped():
    stream, made = journal()
    end = len(stream.getvalue())
    stream.seek(end)
    stream.write(bytes(4096))
    assert len(resumed(stream)) == len(made)
    assert len(stream.getvalue()) == end


@pytest.mark.parametrize("text", [b"PK\x03\x04 a letter to a friend", b'{"floodline_recording": 1}\n', b"\x1f\x8b"])
def test_what_was_not_begun_by_a_reading_is_left_alone(text):
    stream = io.BytesIO(text)
    with pytest.raises(RecordingError, match=r"lake\.part"):
        Journal.resume(stream, "lake.part")
    assert stream.getvalue() == text


def test_a_whole_recording_is_no_journal():
    stream = io.BytesIO()
    with Writer(stream, HEADER, "zstd") as writer:
        writer.write(ANSWERS[0][0])
    with pytest.raises(RecordingError, match=r"lake\.part"):
        Journal.resume(stream, "lake.part")


def test_only_the_last_attempt_of_a_listing_counts():
    _, made = journal([*ANSWERS[:2], (page(8), Part("permissions", attempt=2))])
    assert numbers(made) == ["8"]
    made.add(*ANSWERS[1])
    assert numbers(made) == ["8"], "a late page of an attempt that was given up"


def test_only_the_last_round_of_a_collector_counts():
    stream, made = journal()
    made.settle(*LAKE, "permissions", 1)
    assert numbers(made) == ["3", "5", "6", "4", "7"]
    made.add(page(8), Part("permissions", round=1))
    assert numbers(made) == ["3", "8", "5", "6", "4", "7"]
    assert numbers(resumed(stream)) == ["3", "8", "5", "6", "4", "7"]


def test_a_failure_is_made_good_by_the_page_that_came_later():
    failed = Answer(ACCOUNT, REGION, "lakeformation", "ListPermissions", {}, None, Failure("Slow", "", 503), "", 0)
    stream, made = journal([(failed, Part("permissions"))])
    for one in (made, resumed(stream)):
        assert [answer.error for answer in one.failures([LAKE])] == [failed.error]
    made.add(*ANSWERS[0])
    assert not list(made.failures([LAKE]))
    assert numbers(made) == ["1"]


def test_a_body_of_several_lines_is_one_line():
    answer = page(1)
    body = b'{\n  "Rows": [1],\r\n  "Name": "a\\nb"\n}'
    stream, made = journal([(Answer(*LAKE, answer.service, answer.operation, {}, body, None, "", 0), Part("settings"))])
    (found,) = made.answers([LAKE])
    assert found.response == b'{"Rows":[1],"Name":"a\\nb"}'
    assert len(list(read(io.BytesIO(stream.getvalue()), "x")[1])) == 1

"""Several calls at once, tries again, and readings that broke off: the same lake at the end."""

import copy
import io
import threading
from itertools import pairwise

import pytest
from toy_aws import ACCOUNT, LAKE, REGION, SETTINGS, Aws, Clock, denied, now, read

from checks.live.collect import CannotStartError, Limits, Means, Place, Reading, ResumeError, StoppedError
from checks.live.collectors import collectors
from checks.live.facts import build
from checks.live.journal import Journal
from checks.live.recording import Header

IDENTITY = "GetCallerIdentity"


class Killed(BaseException):
    """The process is gone."""


def reading(aws, stream=None, *, clock=None, random=lambda: 1.0, regions=(REGION,), **limits):
    """Read *aws* into *stream*, going on with what is there; give the journal, the lakes and the reading."""
    stream = stream if stream is not None else io.BytesIO()
    clock = clock or Clock()
    journal = Journal.resume(stream, "lake.part") or Journal(stream, Header(), regions)
    places = [Place(region, lambda: aws) for region in regions]
    made = Reading(places, journal, Means(now, clock, clock.sleep, random), Limits(**limits))
    return journal, made.run(), made


def lines(aws, stream=None, **more):
    journal, lakes, _ = reading(aws, stream, **more)
    return list(journal.lines(lakes))


def asked(aws, operation):
    return [request for _, name, request in aws.log if name == operation]


WHOLE = lines(Aws(size=1), concurrency=1)


# ----------------------------------------------------------------------------------------------------- several at once
@pytest.mark.parametrize("concurrency", [2, 8, 50])
def test_however_many_are_on_their_way_the_recording_is_the_same(concurrency):
    assert lines(Aws(size=1), concurrency=concurrency) == WHOLE


def test_no_more_calls_are_on_their_way_than_allowed_and_some_are():
    class Busy(Aws):
        lock, now, most = threading.Lock(), 0, 0

        def call(self, *request):
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            try:
                threading.Event().wait(0.001)
                return super().call(*request)
            finally:
                with self.lock:
                    self.now -= 1

    busy = Busy(size=1)
    lines(busy, concurrency=3)
    assert busy.most == 3


def test_what_must_come_before_has_ended_before():
    aws = Aws(size=1)
    lines(aws, concurrency=8)
    names = [operation for _, operation, _ in aws.log]
    first = {name: names.index(name) for name in names}
    last = {name: len(names) - 1 - names[::-1].index(name) for name in names}
    assert first[IDENTITY] == 0
    assert first["GetDataLakeSettings"] < first["ListPermissions"]
    assert last["ListDataCellsFilter"] < min(
        place for place, (_, name, request) in enumerate(aws.log) if "IncludeRelated" in request
    )
    assert last["GetDatabases"] < first["GetTables"]
    ends = {operation for one in collectors() if one.after == ("*",) for _, operation in one.operations}
    others = [place for place, name in enumerate(names) if name not in ends]
    assert "ListResources" in ends
    assert first["ListResources"] > max(others)
    assert max(others) < last["GetDataLakeSettings"]


def test_every_name_that_a_collector_waits_for_is_one():
    names = {one.name for one in collectors()} | {"*"}
    assert not [one.name for one in collectors() if not {*one.after} <= names]
    assert not [one.name for one in collectors() if one.repeats and one.repeats not in names]


def test_regions_are_read_together_and_stand_one_after_the_other():
    regions = ("us-east-1", "eu-west-1", "eu-central-1")
    journal, lakes, made = reading(Aws(size=2), regions=regions, places=2)
    assert lakes == [(ACCOUNT, region) for region in regions]
    found = [one.region for one in journal.answers(lakes)]
    assert [region for place, region in enumerate(found) if region not in found[:place]] == list(regions)
    assert found == sorted(found, key=regions.index)
    assert made.budget.calls[f"sts:{IDENTITY}"] == 3
    assert build(journal.answers(lakes)).complete


# ------------------------------------------------------------------------------------------------------------ patience
def test_waits_are_a_random_part_of_what_doubles():
    fault = denied("X", "ThrottlingException", 400, "Rate exceeded")
    draws = iter([0.5, 0.0, 1.0, 0.25, 0.5, 0.5])
    clock = Clock()
    aws = Aws(faults={"ListResources": [fault] * 6})
    _, _, made = reading(aws, clock=clock, random=lambda: next(draws), base=1.0, cap=10.0, concurrency=1)
    assert [wait for wait in clock.waits if wait] == [0.5, 4.0, 2.0, 5.0, 5.0]
    assert made.budget.retries == {"lakeformation:ListResources": 6}
    assert made.budget.throttled == 6


@pytest.mark.parametrize("code", ["InternalServiceException", "OperationTimeoutException", "ServiceUnavailable", "Odd"])
def test_what_passes_is_tried_again(code):
    aws = Aws(size=1, faults={"GetTables": [denied("X", code, 503, "later")] * 3})
    assert lines(aws, concurrency=1) == WHOLE


def test_calls_are_spread_over_time():
    class Timed(Aws):
        def call(self, *request):
            times.append(clock())
            return super().call(*request)

    times, clock = [], Clock()
    reading(Timed(size=5), clock=clock, max_rps=4.0, concurrency=8)
    assert len(times) > 20
    assert all(later - earlier >= 0.249 for earlier, later in pairwise(times))


def test_after_a_throttle_fewer_calls_are_on_their_way():
    allowances = []

    def progress(_step):
        allowances.append(made._lakes[0].allowance)

    clock = Clock()
    aws = Aws(size=1, faults={"ListPermissions": [denied("X", "ThrottlingException")] * 2})
    made = Reading([Place(REGION, lambda: aws)], Journal(io.BytesIO(), Header()), Means(now, clock, clock.sleep),
                   Limits(concurrency=8), progress)  # fmt: skip
    made.run()
    assert min(allowances) <= 5
    assert allowances[-1] > min(allowances), "and slowly more again"


# --------------------------------------------------------------------------------------------------------- broken off
def broken_at(number, **more):
    class Mortal(Aws):
        def call(self, *request):
            if len(self.log) >= number:
                raise Killed
            return super().call(*request)

    return Mortal(**more)


def test_broken_off_before_any_call_it_goes_on_and_reads_nothing_twice():
    calls = Aws(size=3, empty=False)
    expected = lines(calls, concurrency=1)
    for number in range(len(calls.log)):
        stream, mortal, after = io.BytesIO(), broken_at(number, size=3, empty=False), Aws(size=3, empty=False)
        with pytest.raises(Killed):
            lines(mortal, stream, concurrency=1)
        assert lines(after, stream, concurrency=3) == expected
        again = {operation for _, operation, request in after.log if (_, operation, request) in mortal.log}
        assert again <= {IDENTITY, "GetDataLakeSettings", "ListLFTags"}, "these are read before and after the grants"
        assert len(after.log) == len(calls.log) - number + bool(number)


def test_a_reading_that_had_ended_asks_only_who_is_asking():
    stream, after = io.BytesIO(), Aws(size=1)
    lines(Aws(size=1), stream)
    journal, lakes, made = reading(after, stream)
    assert list(journal.lines(lakes)) == WHOLE
    assert [operation for _, operation, _ in after.log] == [IDENTITY]
    assert made.budget.kept


def test_what_was_refused_is_asked_for_again():
    stream = io.BytesIO()
    first = lines(Aws(size=1, faults={"ListResources": denied("X")}), stream, concurrency=1)
    assert first != WHOLE
    after = Aws(size=1)
    assert lines(after, stream) == WHOLE
    assert {operation for _, operation, _ in after.log} == {IDENTITY, "ListResources"}


def test_credentials_that_run_out_stop_the_reading_and_the_next_goes_on():
    stream, expired = io.BytesIO(), denied("X", "ExpiredTokenException", 400, "The security token is expired")
    with pytest.raises(StoppedError, match="renew them"):
        lines(Aws(size=1, faults={"GetTables": [None, None, expired]}), stream, concurrency=1)
    after = Aws(size=1)
    assert lines(after, stream) == WHOLE
    assert asked(after, "GetTables")[0]["NextToken"] == "t2"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidInputException", "The NextToken has expired."),
        ("ExpiredException", "token"),
        ("ExpiredTokenException", "Pagination token has expired"),
    ],
)
def test_a_page_token_that_aws_refuses_begins_the_listing_again(code, message):
    aws = Aws(size=1, faults={"ListLFTagExpressions": [None, denied("X", code, 400, message)]})
    assert lines(aws, concurrency=1) == WHOLE
    assert [request.get("NextToken") for request in asked(aws, "ListLFTagExpressions")] == [None, "t1", None, "t1"]


def test_a_page_token_that_is_never_good_is_a_failure():
    class Forgetful(Aws):
        def call(self, service, operation, request):
            if operation == "ListResources" and "NextToken" in request:
                self.log.append((service, operation, request))
                raise denied("X", "InvalidInputException", 400, "Invalid NextToken")
            return super().call(service, operation, request)

    aws = Forgetful(size=1)
    journal, lakes, _ = reading(aws, restarts=2)
    assert not build(journal.answers(lakes)).complete
    assert len(asked(aws, "ListResources")) == 6


def test_an_invalid_input_without_a_token_is_no_expired_page():
    aws = Aws(faults={"ListResources": denied("X", "InvalidInputException", 400, "token")})
    lines(aws)
    assert len(asked(aws, "ListResources")) == 1


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("Account", "444455556666", "of account 111122223333, and these credentials are of 444455556666"),
        (
            "Arn",
            f"arn:aws:sts::{ACCOUNT}:assumed-role/intern/me",
            "assumed-role/reader`, and now .*assumed-role/intern`",
        ),
        ("Arn", f"arn:aws:iam::{ACCOUNT}:user/intern", "user/intern`"),
    ],
)
def test_somebody_else_does_not_go_on_with_it(member, value, words):
    stream = io.BytesIO()
    with pytest.raises(Killed):
        lines(broken_at(9), stream)
    other = Aws({**LAKE, IDENTITY: {**LAKE[IDENTITY], member: value}})
    with pytest.raises(ResumeError, match=words) as caught:
        lines(other, stream)
    assert isinstance(caught.value, CannotStartError)
    assert len(other.log) == 1


def test_the_same_role_in_another_session_goes_on():
    stream = io.BytesIO()
    with pytest.raises(Killed):
        lines(broken_at(9, size=1), stream, concurrency=1)
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/tomorrow"
    found = lines(Aws({**LAKE, IDENTITY: {**LAKE[IDENTITY], "Arn": session}}, size=1), stream, concurrency=1)
    assert [one for one in found if IDENTITY.encode() not in one] == [
        one for one in WHOLE if IDENTITY.encode() not in one
    ]
    assert any(session.encode() in one for one in found)


# --------------------------------------------------------------------------------------------------------- the bracket
class Moving(Aws):
    """Settings that change after the first reading of them, *times* times."""

    def __init__(self, times, **more):
        super().__init__(**more)
        self.times = times

    def call(self, service, operation, request):
        answer = super().call(service, operation, request)
        if operation == "GetDataLakeSettings":
            changed = min(self.times, len(asked(self, operation)) - 1)
            answer = copy.deepcopy(answer)
            answer["DataLakeSettings"]["Parameters"] = {**SETTINGS["Parameters"], "SET": str(changed)}
        return answer


def test_settings_that_changed_meanwhile_have_the_grants_read_again():
    aws = Moving(1, size=50, empty=False)
    journal, lakes, made = reading(aws)
    assert made.budget.rounds == 1
    assert len([request for request in asked(aws, "ListPermissions") if request == {"MaxResults": 1000}]) == 2
    assert len(asked(aws, "GetTables")) == 3, "one of each database: tables are not"
    found = list(journal.answers(lakes))
    assert {b'"SET":"1"' in one.response for one in found if one.operation == "GetDataLakeSettings"} == {True}
    assert build(found).complete


def test_settings_that_never_stand_still_are_read_a_bounded_number_of_times():
    aws = Moving(99, size=50, empty=False)
    journal, lakes, made = reading(aws, rounds=2)
    assert made.budget.rounds == 2
    assert len(asked(aws, "GetDataLakeSettings")) == 6
    live = build(journal.answers(lakes))
    assert not live.complete


def test_a_round_that_broke_off_goes_on_in_that_round():
    whole = Moving(1, size=2)
    expected = lines(whole, concurrency=1)
    for number in range(len(whole.log) - 40, len(whole.log), 3):

        class Mortal(Moving):
            def call(self, *request):
                if len(self.log) >= number:  # noqa: B023
                    raise Killed
                return super().call(*request)

        stream, mortal, after = io.BytesIO(), Mortal(1, size=2), Moving(1, size=2)
        with pytest.raises(Killed):
            lines(mortal, stream, concurrency=1)
        after.log = list(mortal.log)  # the same settings go on
        assert lines(after, stream, concurrency=1) == expected
        assert len(after.log) == len(whole.log) + 1


def test_reading_without_a_change_reads_once():
    answers = read(Aws())
    assert build(answers).complete
    assert (
        len([one for one in answers if one.request == {"MaxResults": 1000} and one.operation == "ListPermissions"]) == 1
    )

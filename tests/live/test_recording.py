"""Recordings: what is written is read again, and what is cut is never taken for whole."""

import hashlib
import io
import typing

import pytest
from toy_aws import Aws, read, recorded, replayed

from checks.live.answer import Answer, Cut, Failure
from checks.live.facts import build
from checks.live.recording import RecordingError, compression_of
from checks.live.recording import read as read_recording

HEADER = b'{"floodline_recording": 1, "started": "2026-11-23T10:00:00Z", "tool": "floodline 0.1.0", "botocore": "1"}\n'
LINE = (
    b'{"account": "111122223333", "region": "us-east-1", "service": "glue", "operation": "GetDatabases", '
    b'"request": {}, "response": {"DatabaseList": []}, "at": "2026-11-23T10:00:01Z"}\n'
)


def hashed(number):
    """Return JSON that does not compress."""
    return f'"{hashlib.sha256(str(number).encode()).hexdigest()}"'.encode()


def answers_of(data, name="r.jsonl"):
    return list(read_recording(io.BytesIO(data), name)[1])


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_what_is_written_is_read_again(compression):
    answers = [*read(Aws()), Answer("1", "r", "s", "O", {"a": [1]}, None, Failure("Denied", "no", 400), "now", 99)]
    data = recorded(answers, compression)
    got = replayed(data)
    answers[-1] = Answer("1", "r", "s", "O", {"a": [1]}, None, Failure("Denied", "no", 400), "now", len(answers) + 1)
    assert [one.line for one in got] == list(range(2, len(answers) + 2))
    assert [(a.request, a.response, a.at, a.line) for a in got] == [
        (a.request, a.response, a.at, a.line) for a in answers
    ]
    assert [(e.code, e.message, e.http_status) if (e := one.error) else None for one in got] == [
        (e.code, e.message, e.http_status) if (e := one.error) else None for one in answers
    ]
    assert data == recorded(answers, compression), "the same answers give the same bytes"


def test_a_recording_holds_one_json_object_a_line_as_the_contract_spells_it():
    import json  # noqa: PLC0415

    header, *lines = (json.loads(line) for line in recorded(read(Aws())).splitlines())
    assert header["floodline_recording"] == 1
    assert set(header) == {"floodline_recording", "started", "tool", "botocore"}
    for line in lines:
        assert set(line) == {"account", "region", "service", "operation", "request", "at"} | (
            {"error"} if "error" in line else {"response"}
        )
        assert "ResponseMetadata" not in line.get("response", {})
    opted = next(line for line in lines if line["operation"] == "ListLakeFormationOptIns" and line["response"][
        "LakeFormationOptInsInfoList"])  # fmt: skip
    assert opted["response"]["LakeFormationOptInsInfoList"][0]["LastModified"] == "2026-11-23T10:00:00Z"
    assert opted["at"] == "2026-11-23T10:00:00Z"


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_cut_at_any_byte_it_is_never_whole_and_never_a_traceback(compression):
    data = recorded(read(Aws(size=50, empty=False)), compression)
    whole = build(replayed(data))
    assert whole.complete
    # A plain recording without its last newline has lost nothing.
    end = len(data) - (0 if compression else 1)
    step = 31 if compression else 97
    for size in sorted({*range(0, end, step), *range(end - 60, end)}):
        try:
            answers = replayed(data[:size])
        except RecordingError:
            continue
        live = build(answers)
        assert not live.complete, f"cut at byte {size}"
        assert not live.lakes or live.lakes[0].gaps
        if isinstance(answers[-1] if answers else None, Cut):
            assert any(row.service == "recording" and not row.complete for row in live.ledger)
        known = {(grant.principal, grant.resource) for lake in whole.lakes for grant in lake.grants}
        assert {(grant.principal, grant.resource) for lake in live.lakes for grant in lake.grants} <= known


def test_without_its_last_newline_nothing_is_lost():
    assert answers_of(HEADER + LINE.rstrip(b"\n")) == answers_of(HEADER + LINE)


def test_blank_lines_count_but_hold_nothing():
    (answer,) = answers_of(HEADER + b"\n\n" + LINE)
    assert answer.line == 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b"not json\n", "first line is not a header"),
        (b'{"version": 3, "deployment": {}}\n', "first line is not a header"),
        (b'["floodline_recording"]\n', "first line is not a header"),
        (b'{"floodline_recording": 2}\n', "version 2"),
        (b'{"floodline_recording": "1"}\n', "first line is not a header"),
        (b"[" * 100_000, "first line is not a header"),
        (b"\x1f\x8b\x08\x00", "breaks off"),
        (b"\x28\xb5\x2f\xfd\x00", "breaks off"),
        (HEADER + b"nonsense\n" + LINE, "line 2 is no answer: it is not JSON"),
        (HEADER + LINE + b'{"account": "1"}\n', "line 3 is no answer"),
        (HEADER + LINE.replace(b'"account": "111122223333", ', b""), "line 2 is no answer: .*`account`"),
        (HEADER + LINE.replace(b'"111122223333"', b"111122223333"), "line 2 is no answer: .*account"),
        (HEADER + LINE.replace(b"us-east-1", b""), "line 2 is no answer: `region` is empty"),
        (HEADER + LINE.replace(b'"request": {}', b'"request": []'), "line 2 is no answer: .*request"),
        (HEADER + b"\xff\xfe\n" + LINE, "line 2 is no answer"),
        (HEADER + b"[" * 100_000 + b"\n", "line 2 is no answer"),
    ],
)
def test_what_is_no_recording_is_refused_with_one_clear_line(data, words):
    with pytest.raises(RecordingError, match=words) as caught:
        answers_of(data, "lake.jsonl.gz")
    assert "\n" not in str(caught.value)
    assert "`lake.jsonl.gz`" in str(caught.value)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_damage_inside_the_compressed_data_is_a_cut(compression):
    answers = [
        Answer("1", "us-east-1", "glue", "O", {"a": number}, hashed(number), None, "", 0) for number in range(4000)
    ]
    data = bytearray(recorded(answers, compression))
    data[-6] ^= 0xFF
    *_, last = replayed(bytes(data))
    assert isinstance(last, Cut)


def test_a_line_with_neither_response_nor_error_is_a_failure():
    for spelling in (b'"response": null, ', b""):
        (answer,) = answers_of(HEADER + LINE.replace(b'"response": {"DatabaseList": []}, ', spelling))
        assert answer.response is None
        assert answer.error.code == "NoAnswer"


def test_an_error_beside_a_response_is_an_error():
    (answer,) = answers_of(HEADER + LINE.replace(b'"at"', b'"error": {"code": "Denied"}, "at"'))
    assert (answer.response, answer.error.code) == (None, "Denied")


def test_it_is_read_from_what_cannot_seek():
    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self.data = data

        def readable(self):
            return True

        def readinto(self, buffer):
            size = min(3, len(buffer))
            chunk, self.data = self.data[:size], self.data[size:]
            buffer[: len(chunk)] = chunk
            return len(chunk)

    for compression in ("", "gzip", "zstd"):
        data = recorded(read(Aws()), compression)
        assert list(read_recording(typing.cast("typing.IO[bytes]", Pipe(data)), "-")[1]) == replayed(data)


def test_several_compressed_frames_are_one_recording():
    import gzip  # noqa: PLC0415

    import zstandard  # noqa: PLC0415

    for squeeze in (gzip.compress, zstandard.ZstdCompressor().compress):
        assert len(answers_of(squeeze(HEADER + LINE) + squeeze(LINE) + squeeze(b""))) == 2


@pytest.mark.parametrize("padding", [1, 511, (1 << 16) + 7])
def test_zeros_after_the_last_gzip_member_are_padding(padding):
    import gzip  # noqa: PLC0415

    packed = gzip.compress(HEADER) + gzip.compress(LINE)
    assert [one.operation for one in answers_of(packed + b"\0" * padding)] == ["GetDatabases"]
    after = answers_of(packed + b"\0" * padding + b"odd")
    assert isinstance(after[-1], Cut)


def test_a_line_longer_than_what_is_unpacked_at_once():
    import gzip  # noqa: PLC0415

    long = b'"' + b"x" * (1 << 20) + b'"'
    data = HEADER + LINE.replace(b'{"DatabaseList": []}', long) + LINE
    first, second = answers_of(gzip.compress(data))
    assert (first.response, second.operation) == (long, "GetDatabases")


def test_compression_by_suffix():
    assert [compression_of(name) for name in ("a.jsonl.gz", "a.zst", "a.jsonl")] == ["gzip", "zstd", ""]

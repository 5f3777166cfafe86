"""What the command line reads recordings by: files are hashed as they are read, long ones are mapped."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from checks.focus import Focus
from floodline import inputs
from floodline.errors import CannotStart

HEADER = b'{"floodline_recording":1}\n'


def answer(number: int, size: int = 0) -> bytes:
    row = {
        "Principal": {"DataLakePrincipalIdentifier": f"arn:aws:iam::111122223333:role/r{number}"},
        "Resource": {"Database": {"Name": "d" * size or "sales"}},
        "Permissions": ["DESCRIBE"],
        "PermissionsWithGrantOption": [],
    }
    page = {"PrincipalResourcePermissions": [row], "NextToken": str(number)}
    line = {"account": "111122223333", "region": "us-east-1", "service": "lakeformation",
            "operation": "ListPermissions", "request": {}, "response": page, "at": ""}  # fmt: skip
    return json.dumps(line).encode() + b"\n"


def people(read: inputs.Read) -> list[str]:
    return sorted(str(grant.principal)[-2:] for lake in read.live.lakes for grant in lake.grants)


@pytest.mark.parametrize("mapped", [1, 1 << 30])
@pytest.mark.parametrize("end", [b"", b"\n\n", b'{"account":'])
def test_a_file_is_hashed_whole_however_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: int, end: bytes
) -> None:
    monkeypatch.setattr(inputs, "_MAPPED", mapped)
    data = HEADER + answer(1, size=20_000) + b"\n" + answer(2) + answer(3) + end
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl.gz"]
    paths[0].write_bytes(data)
    paths[1].write_bytes(gzip.compress(data) + b"\0" * 600_000)
    for path in paths:
        read = inputs.recordings([str(path)])
        assert people(read) == ["r1", "r2", "r3"]
        assert [one.sha256 for one in read.sources] == [hashlib.sha256(path.read_bytes()).hexdigest()]
    both = inputs.recordings([str(path) for path in paths])
    assert [one.sha256 for one in both.sources] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_a_question_hashes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_bytes(HEADER + answer(1))
    (source,) = inputs.recordings([str(path)], Focus("role/r1", "sales", "orders")).sources
    assert source.sha256 is None


@pytest.mark.parametrize("mapped", [1, 1 << 30])
def test_a_file_that_is_none_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: int) -> None:
    monkeypatch.setattr(inputs, "_MAPPED", mapped)
    path = tmp_path / "one.jsonl"
    path.write_bytes(b"x")
    with pytest.raises(CannotStart, match="first line is not a header"):
        inputs.recordings([str(path)])

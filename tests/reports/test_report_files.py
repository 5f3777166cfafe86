"""Writing a report: whole or not at all."""

import os
from pathlib import Path

import pytest

import reports


def test_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("a much longer text that stood here before")
    reports.write(target, "short\n")
    reports.write(tmp_path / "raw", b"\x00\xff")
    assert target.read_bytes() == b"short\n"
    assert (tmp_path / "raw").read_bytes() == b"\x00\xff"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["raw", "report.json"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "report.json"
    target.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(reports.ReportError, match=r"^cannot write `.*report\.json`: no space left on device$"):
        reports.write(target, "after")
    assert target.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    ("path", "said"),
    [("missing/report.json", "does not exist; create it first"), (".", "it is a folder; name a file in it")],
)
def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path, path: str, said: str) -> None:
    for act in (reports.writable, lambda place: reports.write(place, "")):
        with pytest.raises(reports.ReportError, match=said) as error:
            act(tmp_path / path)
        assert "\n" not in str(error.value)


def test_a_link_is_followed_and_a_device_written_to(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    reports.write(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"
    reports.write("/dev/null", "gone")
    assert Path("/dev/null").is_char_device()


def test_a_very_long_file_name_can_be_written(tmp_path: Path) -> None:
    reports.write(tmp_path / ("n" * 250), "text")
    assert (tmp_path / ("n" * 250)).read_text() == "text"

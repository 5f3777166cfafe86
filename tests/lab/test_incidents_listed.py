"""The list of incidents: found by file, named alike, told in two sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab import incidents
from lab.incidents import Incident

FILES = Path(incidents.__file__).parent


def test_every_file_is_an_incident_of_its_name() -> None:
    files = sorted(path.stem for path in FILES.glob("[!_]*.py"))
    assert [incident.name.replace("-", "_") for incident in incidents.all()] == files
    assert len(files) >= 12


@pytest.mark.parametrize("incident", incidents.all(), ids=lambda incident: str(incident.name))
def test_it_is_told_in_two_sentences_and_its_code_fits(incident: Incident) -> None:
    assert len(re.findall(r"[.:?](?: |$)", incident.story.replace(": ", " "))) == 2
    assert incident.story.endswith(".")
    assert not incident.title.endswith(".")
    assert incident.exit_code == {"widened": 3, "narrowed": 2, "equal": 0, "latent": 0}[incident.expect]


def test_every_expectation_occurs() -> None:
    assert {incident.expect for incident in incidents.all()} == {"widened", "narrowed", "equal", "latent"}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("retag", "no incident is called 'retag'; there is `retag-database`"),
        ("new-colum", "no incident is called 'new-colum'; there is `new-column`"),
        ("respeled", "no incident is called 'respeled'; there is `respelled`"),
    ],
)
def test_a_misspelt_name_is_told_the_close_ones(asked: str, sentence: str) -> None:
    with pytest.raises(LookupError) as error:
        incidents.get(asked)
    assert str(error.value) == sentence


def test_a_name_that_is_like_none_is_told_all_and_printably() -> None:
    with pytest.raises(LookupError) as error:
        incidents.get("\x1b[2J")
    assert str(error.value).isprintable()
    assert all(f"`{incident.name}`" in str(error.value) for incident in incidents.all())

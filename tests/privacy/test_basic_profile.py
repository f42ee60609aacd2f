"""Removal of patient data, judged by the standard's own list: DICOM PS3.15 Table E.1-1, Basic Profile, as
``tests/data`` keeps it.

Every attribute of the list is planted in a source with a value of its own; then no file of an export may hold
any of them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.uid import UID

from brainsr_desktop.io.messages import ExportOptions
from tests.io.export_kit import export, load, open_request, phantom_dataset, save, stack_of, tree

OUR_OWN: Final = {
    "ContributionDescription",
    "DerivationDescription",
    "ImageComments",
    "SeriesDescription",
    "ContentDate",
    "ContentTime",
    "InstanceCreationDate",
    "InstanceCreationTime",
    "SeriesDate",
    "SeriesTime",
}
"""The list removes them; an export may have them, for it writes them itself and says nothing of the source."""
SELDOM: Final = 3
"""Values shorter than that would be met by chance."""
NOT_IN_IMAGES: Final = (0x0000, 0x0002, 0x0004)
"""Groups of commands, of the file's own head, and of media directories."""


@dataclass(frozen=True)
class Row:
    """An attribute of the list, and what is done with it."""

    tag: str
    action: str
    name: str

    @property
    def number(self) -> int:
        """The tag, or one of those that it stands for; a private one for "odd"."""
        return {"odd": 0x00291010, "50XXXXXX": 0x50003000}.get(self.tag) or int(
            self.tag.replace("X", "0"), 16
        )


def rows(data: Path) -> list[Row]:
    with (data / "ps3_15_basic_profile.csv").open(encoding="utf-8") as file:
        lines = csv.reader(line for line in file if not line.startswith("#"))
        return [Row(tag, action, ",".join(name)) for tag, action, *name in lines]


def value_of(number: int, vr: str) -> tuple[str | list[str], bytes]:
    """A value of this representation that no other attribute has, and the bytes to look for."""
    match vr:
        case "DA":
            text = (date(1801, 1, 1) + timedelta(days=number)).strftime("%Y%m%d")
        case "DT":
            text = (date(1701, 1, 1) + timedelta(days=number)).strftime("%Y%m%d") + "111213"
        case "TM":
            text = f"0102{number % 60:02d}.9{number:05d}"
        case "UI":
            text = f"1.2.840.9{number:04d}.77"
        case "AS":
            text = f"{number % 900 + 50:03d}Y"
        case "IS":
            text = f"77{number:04d}77"
        case "DS":
            text = f"77.{number:04d}77"
        case _:
            text = f"PLANTED{number:04d}"
    return text, text.encode("ascii")


def planted(data: Path, listed: list[Row]) -> tuple[Dataset, dict[str, bytes]]:
    """A source slice with a value for every attribute of the list, and what to look for by name."""
    dataset = phantom_dataset(0)
    secrets: dict[str, bytes] = {}
    for number, row in enumerate(listed, start=1):
        tag = row.number
        if tag >> 16 in NOT_IN_IMAGES:
            continue
        vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "LO"
        if vr == "SQ":
            item = Dataset()
            text, secret = value_of(number, "LO")
            item.PatientComments, item.PatientName, item.CodeMeaning = text, text, text
            dataset.add(DataElement(tag, "SQ", Sequence([item])))
        elif vr in ("OB", "OW", "UN", "OB or OW", "US or SS", "US", "SS", "UL", "FL", "FD", "SL"):
            secret = f"PLANTED{number:04d} ".encode()
            dataset.add(DataElement(tag, "OB", secret))
        else:
            text, secret = value_of(number, vr)
            dataset.add(DataElement(tag, vr, text))
        secrets[row.name] = secret
    return dataset, secrets


def levels(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from levels(item)


@pytest.fixture(scope="module")
def exported(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], Path]:
    """An anonymised export in every format, what must not be in it, and the folder of the source."""
    folder = tmp_path_factory.mktemp("profile")
    dataset, secrets = planted(data, rows(data))
    (folder / "source").mkdir()
    save(dataset, folder / "source" / "PLANTED-NAME.dcm")
    loaded = load(stack_of(folder / "source"))
    options = ExportOptions(
        str(folder / "out"), ("dicom", "nifti", "png", "tiff", "csv", "report"), anonymise=True
    )
    done = export(loaded, open_request(loaded, folder / "out", options=options))
    return Path(done.target), secrets, folder


def test_that_the_list_is_the_standard_s(data: Path) -> None:
    listed = {row.tag: row for row in rows(data)}
    assert len(listed) == 621
    assert {row.action for row in listed.values()} == {
        "X",
        "Z",
        "D",
        "U",
        "X/Z",
        "X/D",
        "Z/D",
        "X/Z/D",
        "X/Z/U*",
    }
    for tag, action in (
        ("00100010", "Z"),
        ("00100020", "Z/D"),
        ("00100030", "Z"),
        ("00080018", "U"),
        ("00081030", "X"),
        ("odd", "X"),
    ):
        assert listed[tag].action == action
    known = [
        row
        for row in listed.values()
        if "X" not in row.tag and row.tag != "odd" and dictionary_has_tag(row.number)
    ]
    assert len(known) > 600, "tags of the list and of the dictionary differ"


def test_that_no_planted_value_of_any_listed_attribute_is_in_any_exported_file(
    exported: tuple[Path, dict[str, bytes], Path],
) -> None:
    target, secrets, _ = exported
    assert len(secrets) > 600
    contents = tree(target)
    assert {Path(name).suffix for name in contents} >= {".dcm", ".gz", ".png", ".tif", ".csv", ".json"}
    for name, content in contents.items():
        text = name.encode() + content
        assert b"PLANTED" not in text, [secret for secret in secrets.values() if secret in text]
        assert [told for told, secret in secrets.items() if len(secret) > SELDOM and secret in text] == [], (
            name
        )


def test_that_what_was_planted_would_be_found(data: Path, tmp_path: Path) -> None:
    """Without the option, much of it is in the files: the search finds what there is."""
    dataset, secrets = planted(data, rows(data))
    (tmp_path / "source").mkdir()
    save(dataset, tmp_path / "source" / "x.dcm")
    content = (tmp_path / "source" / "x.dcm").read_bytes()
    assert [name for name, secret in secrets.items() if secret not in content] == []
    loaded = load(stack_of(tmp_path / "source"))
    done = export(loaded, open_request(loaded, tmp_path / "out"))
    written = b"".join(tree(Path(done.target)).values())
    assert {"Patient's Name", "Patient ID", "Study Description"} <= {
        n for n, secret in secrets.items() if secret in written
    }


def test_that_each_listed_attribute_has_what_its_action_asks_for(
    data: Path, exported: tuple[Path, dict[str, bytes], Path]
) -> None:
    (path,) = exported[0].glob("*.dcm")
    source = dcmread(exported[2] / "source" / "PLANTED-NAME.dcm")
    actions = {row.number: row.action for row in rows(data) if row.tag != "odd"}
    seen = set()
    for level in levels(dcmread(path)):
        for element in level:
            keyword = keyword_for_tag(element.tag)
            action = actions.get(int(element.tag))
            assert not element.tag.is_private
            if action is None:
                continue
            seen.add(action)
            if action == "X":
                assert keyword in OUR_OWN, f"{keyword} must be removed"
            elif action == "Z":
                assert not element.value or str(element.value).startswith("ANON-"), keyword
            elif action == "U":
                assert UID(element.value).is_valid and element.value != source.get(keyword), keyword
    assert {"Z", "U"} <= seen

"""Third-party notices and the bill of materials (CycloneDX) of a finished bundle, from what is really in it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from component_tables import QT_EXCHANGE
from components import Component
from cyclonedx.model import AttachedText
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as Part
from cyclonedx.model.component import ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from brainsr_desktop import __version__

TYPES: Final = {
    "package": ComponentType.LIBRARY,
    "library": ComponentType.LIBRARY,
    "system": ComponentType.LIBRARY,
    "python": ComponentType.PLATFORM,
    "data": ComponentType.DATA,
    "model": ComponentType.MACHINE_LEARNING_MODEL,
}
ORIGINS: Final = {
    "package": "Python packages",
    "library": "Libraries that those packages carry",
    "system": "Libraries of the system that it was built on",
    "python": "Python",
    "data": "Data",
    "model": "Networks",
}
RULE: Final = "=" * 100


def notices(parts: Sequence[Component]) -> str:
    """The text for people: what is inside, how Qt can be exchanged, and every licence text once."""
    lines = [
        f"Third-party software in BrainSR Desktop {__version__}",
        "",
        "Made from the contents of this very package.",
        "",
    ]
    for kind, heading in ORIGINS.items():
        lines += [
            heading,
            *(f"    {_named(part)}: {part.licence}" for part in parts if part.kind == kind),
            "",
        ]
    lines += ["This software is based in part on the work of the Independent JPEG Group.", "", QT_EXCHANGE]
    told: dict[str, str] = {}
    for part in parts:
        for title, text in part.texts:
            if text in told:
                lines += [RULE, f"{_named(part)}: {title} is the same text as {told[text]}"]
            else:
                told[text] = f"{_named(part)}: {title}"
                lines += [RULE, told[text], "", text.strip(), ""]
    return "\n".join(lines) + "\n"


def bill_of_materials(parts: Sequence[Component], made: datetime) -> str:
    """The same as CycloneDX 1.6 in JSON, checked against its schema; the same parts and time give the same text."""
    bom = Bom(components=[_part(part) for part in parts])
    bom.metadata.component = Part(
        name="brainsr-desktop", version=__version__, type=ComponentType.APPLICATION, bom_ref="brainsr-desktop",
        licenses=[LicenseExpression("Apache-2.0")],
    )  # fmt: skip
    bom.metadata.timestamp = made
    listed = "\n".join(f"{part.kind} {part.name} {part.version}" for part in parts)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"brainsr-desktop {__version__}\n{listed}")
    bom.register_dependency(bom.metadata.component, bom.components)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise ValueError(f"The bill of materials does not follow its schema: {wrong}")
    return text


def timestamp(seconds: int) -> datetime:
    """A time as SOURCE_DATE_EPOCH gives it."""
    return datetime.fromtimestamp(seconds, UTC)


def _named(part: Component) -> str:
    return f"{part.name} {part.version}".strip()


def _part(part: Component) -> Part:
    own = part.licence.startswith("LicenseRef-")
    return Part(
        name=part.name,
        version=part.version or None,
        type=TYPES[part.kind],
        bom_ref=f"{part.kind}:{part.name}@{part.version}",
        licenses=[
            DisjunctiveLicense(name=part.licence, text=AttachedText(content=part.texts[0][1]))
            if own
            else LicenseExpression(part.licence)
        ],
        purl=PackageURL.from_string(part.purl) if part.purl else None,
    )

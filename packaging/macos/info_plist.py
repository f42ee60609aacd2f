"""Info.plist of the application: what macOS shows, and which files it offers to the program."""

from __future__ import annotations

from typing import Any, Final

from brainsr_desktop import __version__

DICOM: Final = "org.nema.dicom"
NIFTI: Final = "org.brainsr.nifti"

INFO: Final[dict[str, Any]] = {
    "CFBundleDisplayName": "BrainSR Desktop",
    "CFBundleShortVersionString": __version__,
    "CFBundleVersion": __version__,
    "CFBundleDevelopmentRegion": "en",
    "CFBundleLocalizations": ["en", "de"],
    "LSApplicationCategoryType": "public.app-category.medical",
    "LSMinimumSystemVersion": "12.0",
    "NSHighResolutionCapable": True,
    "NSHumanReadableCopyright": "Apache-2.0. For research only; not a medical device.",
    "NSSupportsAutomaticGraphicsSwitching": True,
    "CFBundleDocumentTypes": [
        {
            "CFBundleTypeName": name,
            "CFBundleTypeRole": "Viewer",
            "LSHandlerRank": "Alternate",
            "LSItemContentTypes": types,
        }
        for name, types in (
            ("DICOM image", [DICOM]),
            ("NIfTI volume", [NIFTI]),
            ("Folder of images", ["public.folder"]),
            ("Archive of images", ["public.zip-archive"]),
        )
    ],
    "UTImportedTypeDeclarations": [
        {
            "UTTypeIdentifier": identifier,
            "UTTypeDescription": description,
            "UTTypeConformsTo": ["public.data"],
            "UTTypeTagSpecification": {"public.filename-extension": endings},
        }
        for identifier, description, endings in (
            (DICOM, "DICOM image", ["dcm", "dicom", "ima"]),
            (NIFTI, "NIfTI volume", ["nii", "nii.gz"]),
        )
    ],
}

"""A ZIP whose files stand on disk until they are packed, so that their length costs no memory."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_PERMISSIONS = 0o644 << 16
_LONG = 1 << 31
"""Bytes from which a ZIP needs its 64-bit form."""


class Parcel:
    """Files by their names, and the ZIP that they become."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is empty, and this parcel's own."""
        self._folder = folder
        self._files: dict[str, TextIOWrapper] = {}

    def create(self, name: str, encoding: str = "utf-8") -> TextIOWrapper:
        """Begin a file; ``name`` may hold one folder."""
        place = self._folder / f"{len(self._files)}"
        file = place.open("w", encoding=encoding, newline="")
        self._files[name] = file
        return file

    def pack(self, created: datetime) -> Path:
        """End the files and pack them. Equal content and an equal time give equal bytes."""
        self.close()
        packed = self._folder / "parcel.zip"
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for number, name in enumerate(self._files):
                place = self._folder / f"{number}"
                entry = ZipInfo(name, created.astimezone(UTC).timetuple()[:6])
                entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, _PERMISSIONS, 3
                with place.open("rb") as source, archive.open(entry, "w", force_zip64=_is_long(place)) as target:
                    shutil.copyfileobj(source, target, 1 << 16)
                place.unlink()
        return packed

    def close(self) -> None:
        """End the files."""
        for file in self._files.values():
            file.close()


def _is_long(place: Path) -> bool:
    return place.stat().st_size >= _LONG


@contextmanager
def parcel(folder: Path) -> Iterator[Parcel]:
    """Give a parcel whose files are closed in the end, whatever happens."""
    made = Parcel(folder)
    try:
        yield made
    finally:
        made.close()

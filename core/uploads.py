"""Files that people send in: what they are, how large they may be, and that none is left behind."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from core.errors import RuleViolation

Keep = Callable[[models.Model, UploadedFile, str], None]

MAX_BYTES = 10 * 1024 * 1024
# A workbook or text has some dozens of parts; more is no paper.
_MOST_PARTS = 2000
_OFFICE = (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"))

PAPER_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def check_size(file: UploadedFile, *, field: str = "file") -> bytes:
    """The first bytes of a file. Raises RuleViolation (``field``): empty, or more than 10 MB."""
    if not file.size:
        raise RuleViolation(_("The file is empty."), field=field, code="empty")
    if file.size > MAX_BYTES:
        raise RuleViolation(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024 // 1024},
            field=field,
            code="too_large",
        )
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    return head


def check_paper(file: UploadedFile, *, field: str = "file") -> str:
    """The kind of a paper (pdf, docx, xlsx) by its content; its name counts for nothing.

    Raises RuleViolation beside ``field`` as ``check_size``, for another kind, and for one with
    macros. Nothing is unpacked.
    """
    head = check_size(file, field=field)
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        names = _parts(file)
        if any(name.endswith("vbaProject.bin") for name in names):
            raise RuleViolation(
                _("The file holds macros: save it without them."), field=field, code="macros"
            )
        for part, kind in _OFFICE:
            if part in names and "[Content_Types].xml" in names:
                return kind
    raise RuleViolation(
        _("Send a PDF, Word (.docx) or Excel (.xlsx) file."), field=field, code="kind"
    )


def _parts(file: UploadedFile) -> set[str]:
    """The names in an archive; none of one that cannot be read or has too many."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return set()
    finally:
        file.seek(0)
    return set(names) if len(names) <= _MOST_PARTS else set()


@contextmanager
def keeping_files() -> Iterator[Keep]:
    """A transaction with ``keep(row, file, kind)``: stores ``row.file`` and then the row.

    Under a name that says nothing, for file names may hold people's names. If the transaction
    fails, the files go with the rows.
    """
    stored: list[FieldFile] = []

    def keep(row: models.Model, file: UploadedFile, kind: str) -> None:
        field: FieldFile = row.file  # type: ignore[attr-defined]
        field.save(f"{uuid.uuid4().hex}.{kind}", ContentFile(file.read()), save=False)
        stored.append(field)
        row.save()

    try:
        with transaction.atomic():
            yield keep
    except BaseException:  # whatever it was, it goes on; only no file stays without its row
        for kept in stored:
            kept.storage.delete(str(kept.name))
        raise

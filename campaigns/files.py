"""Papers as they go out: to whoever was found to be allowed, as a download that does nothing."""

from __future__ import annotations

from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpResponse

from core.uploads import PAPER_TYPES


def paper_response(file: FieldFile, name: str) -> HttpResponse:
    """The file under ``name`` with its own ending. Raises Http404 where there is none."""
    if not file:
        raise Http404
    kind = str(file.name).rpartition(".")[2]
    try:
        with file.open("rb") as opened:
            content = opened.read()  # at most 10 MB
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(content, PAPER_TYPES.get(kind, "application/octet-stream"))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    # A stranger's file: whatever hides in it may do nothing here.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

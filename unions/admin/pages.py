"""Rows that have a page of their own in the admin, and change by acts alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.translation import gettext as _, gettext_lazy

# Where a file is looked at before: what was sent with the confirmation is gone.
CHOOSE_AGAIN = gettext_lazy("Nothing has been done yet: choose the file again.")


def back_to_the_button(request: HttpRequest, page: str, what_to_do: str = "") -> HttpResponse:
    """The answer to anything but POST at an address that only acts; ``page`` has its button, or is
    where one begins anew: ``what_to_do`` says so.

    A log-in in between leads there by GET: back to the page, and told that nothing was done.
    """
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["POST"])
    messages.warning(request, what_to_do or _("Nothing has been done yet: press the button again."))
    return HttpResponseRedirect(page)


class LookedAtOnly:
    """For an admin whose rows are shown by ``_page`` and never edited in a form.

    ``_fetch`` says who may see a row: it raises Http404 or PermissionDenied for everybody else.
    """

    @abstractmethod
    def _fetch(self, request: HttpRequest, object_id: str) -> Any:
        """The row with this key, for who may see it."""

    @abstractmethod
    def _page(self, request: HttpRequest, record: Any) -> HttpResponse:
        """What is shown of it."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one row. Raises PermissionDenied for anything but looking, whether the row
        exists or not."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self._page(request, self._fetch(request, object_id))

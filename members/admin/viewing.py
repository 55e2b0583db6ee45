"""Pages of one person's record enter in the trail that somebody opened them.

Lists show names and masked numbers only and are not entered; the own page says so.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import HttpRequest

from members.services.viewing import log_view
from unions.admin.forms import actor_of


class LogsViews:
    """Before the admin class among the bases: logs each page of a record that was shown."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """As Django's, and noted."""
        response = super().change_view(  # type: ignore[misc]
            request, object_id, form_url, extra_context
        )
        if request.method == "GET" and response.status_code == 200:
            page: Any = self
            record = page.get_queryset(request).get(pk=unquote(object_id))
            log_view(
                record,
                f"{page.opts.model_name}.viewed",
                union=page.union_of(record),
                actor=actor_of(request),
            )
        return response

"""What caches on the way may do with an answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")

KEPT_NOWHERE: Final = "max-age=0, no-cache, no-store, must-revalidate, private"


def never_kept(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Decorate a view whose answers no cache may keep.

    Says what ``never_cache`` says, for the pages that many wait for: Django takes the header apart
    and puts it together again for each of its words.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = KEPT_NOWHERE
        return response

    return answer

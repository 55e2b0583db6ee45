"""Asking for erasure: what goes, what the union decides, what stays; done when confirmed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import RuleViolation
from members.erasure import erasure_of, open_erasure
from members.own_data import Person, begins_later, current_membership
from members.services.erasure import Erasure, ask_erasure
from members.views.own_page import session as sessions
from members.views.own_page.forms import ErasureForm
from members.views.own_page.session import own_page


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, person: Person) -> HttpResponse:
    """Say what will follow; erase and ask when confirmed."""
    membership = current_membership(person)
    form = ErasureForm(
        request.POST if request.method == "POST" else None, is_member=membership is not None
    )
    if request.method == "POST" and form.is_valid():
        try:
            done = ask_erasure(person, leaves=form.leaves)
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return _done(request, person, done)
    context = {
        "person": person,
        "form": form,
        "membership": membership,
        "begins_later": begins_later(membership),
        "stated": erasure_of(person),
        "waiting": open_erasure(person),
    }
    return render(request, "members/me/erase.html", context)


def _done(request: HttpRequest, person: Person, done: Erasure) -> HttpResponse:
    if person.member is None and done.request is None:
        # Nothing is left to log in to.
        response = render(request, "members/me/erased.html", {"done": done})
        return sessions.end_session(request, response)
    if done.request is not None:
        told = _("Erased as stated. Your union answers about the rest by %(day)s.")
        messages.success(request, told % {"day": done.request.due_on.isoformat()})
    else:
        messages.success(request, _("What your membership does not need is erased."))
    return redirect("own_page:data")

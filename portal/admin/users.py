"""Accounts: operators keep all, federations those of officials who serve in their scope alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AdminPasswordChangeForm

from accounts.models import User
from core.errors import RuleViolation
from unions.admin.base import PortalModelAdmin
from unions.admin.forms import ServiceForm, actor_of
from unions.officials import (
    may_administer,
    reset_password,
    update_official,
    users_visible_to,
)
from unions.scope import can

admin.site.unregister(Group)


class UserForm(ServiceForm):
    """What can be changed of an account."""

    class Meta:
        model = User
        fields = ("display_name", "email", "is_active")


@admin.register(User)
class UserAdmin(PortalModelAdmin):
    """Accounts come into being with an appointment, on the page of officials."""

    form = UserForm
    list_display = ("username", "display_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "display_name")
    search_help_text = _("User name or name")
    ordering = ("username",)
    fieldsets = (
        (
            _("Account"),
            {"fields": (("username", "display_name"), ("email", "is_active"), "last_login")},
        ),
    )
    readonly_fields = ("username", "last_login")
    change_form_outer_before_template = "admin/accounts/user_links.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Whoever serves or served in the viewer's scope."""
        ordering = self.get_ordering(request)
        return users_visible_to(actor_of(request)).order_by(*ordering)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see appointments."""
        return can(actor_of(request), "appointments.change")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """With an appointment only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only accounts that serve nobody else."""
        if obj is None:
            return self.has_view_permission(request)
        return may_administer(actor_of(request), obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Nobody switches off the own account."""
        own = ("is_active",) if obj is not None and obj.pk == request.user.pk else ()
        return (*super().get_readonly_fields(request, obj), *own)

    def update_record(self, request: HttpRequest, record: User, changes: dict[str, Any]) -> None:
        """Change."""
        update_official(record, actor=actor_of(request), **changes)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """By either name."""
        for word in search_term.split():
            queryset = queryset.filter(
                Q(username__startswith=word) | Q(display_name__contains=word)
            )
        return queryset, False

    # -- password -----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also the page for a new password."""
        own = path(
            "<path:object_id>/password/",
            self.admin_site.admin_view(self.password_view),
            name="accounts_user_password",
        )
        return [own, *super().get_urls()]

    @method_decorator(sensitive_post_parameters())
    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give an official a new password."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        form = AdminPasswordChangeForm(user, request.POST or None)
        form.fields.pop("usable_password", None)
        if request.method == "POST" and form.is_valid():
            try:
                reset_password(
                    user, password=form.cleaned_data["password1"], actor=actor_of(request)
                )
            except RuleViolation as refusal:
                form.add_error(None, str(refusal.message))
            else:
                self.message_user(request, gettext("The password was changed."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[user.pk]))
        return TemplateResponse(
            request,
            "admin/accounts/password.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("New password"),
                "subtitle": str(user),
                "opts": self.opts,
                "form": form,
                "account": user,
            },
        )

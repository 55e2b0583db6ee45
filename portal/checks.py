"""System checks with ids and hints."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from core.messaging import HTTP
from core.messaging.http import gateway_from_settings


@register(Tags.staticfiles)
def check_browser_packages(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn when `npm ci` was forgotten: pages would come without style and charts."""
    if settings.NODE_MODULES.is_dir() or (settings.STATIC_ROOT / "staticfiles.json").is_file():
        return []
    return [
        checks.Warning(
            "The browser packages are not installed.",
            hint="Run `make setup` (or `npm ci`).",
            id="portal.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_engines(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A production portal names its database and its queue."""
    messages: list[CheckMessage] = []
    if settings.EMBEDDED_DATABASE:
        messages.append(Error("DATABASE_URL is not set.", id="portal.E001"))
    if settings.EMBEDDED_REDIS:
        messages.append(Error("REDIS_URL is not set.", id="portal.E002"))
    if settings.PORTAL_ENV != "production":
        messages.append(
            Error("PORTAL_ENV is not production.", hint="Set PORTAL_ENV.", id="portal.E003")
        )
    if not settings.PUBLIC_BASE_URL.startswith("https://"):
        messages.append(
            checks.Warning(
                "PUBLIC_BASE_URL is not an https address; printed codes would lead to plain http.",
                id="portal.W002",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_messages(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Codes go to phones and are shown to nobody else."""
    messages: list[CheckMessage] = []
    if settings.SMS_SHOW_CODES:
        messages.append(
            Error(
                "SMS_SHOW_CODES is on: anybody could prove any phone.",
                hint="It is for a demo without phones. Leave it out.",
                id="portal.E004",
            )
        )
    if settings.SMS_PROVIDER == HTTP:
        try:
            gateway_from_settings()
        except ImproperlyConfigured as error:
            messages.append(Error(str(error), id="portal.E005"))
    return messages

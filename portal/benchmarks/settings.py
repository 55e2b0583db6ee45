"""The portal's settings for a measurement: a trial place, static files straight from the finders.

Collecting static files is left out; nothing measured here serves them.
"""

from portal.settings import *  # noqa: F403
from portal.settings import MIDDLEWARE, STORAGES

STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]
# Users of a measurement log in by force; hashing their passwords would only cost time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

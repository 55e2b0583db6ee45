"""The portal's settings with the overrides for tests.

Imported before the engines run: it only decides where they will be. `tests/conftest.py` starts
them there, unless DATABASE_URL or REDIS_URL name others.
"""

import os
import tempfile
from pathlib import Path

from portal import addresses


def _own_folder() -> Path:
    """The folder of this process's engines. Tests may run in several processes (pytest-xdist):
    each has engines of its own, and does not take over those of the process that started it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    inherited = os.environ.get("PORTAL_TEST_DIR")
    if inherited and inherited.endswith(worker):
        return Path(inherited)
    if inherited:
        for name, address in (
            ("DATABASE_URL", addresses.embedded_database_url),
            ("REDIS_URL", addresses.embedded_redis_url),
        ):
            if os.environ.get(name) == address(Path(inherited)):
                del os.environ[name]
    os.environ["PORTAL_TEST_DIR"] = tempfile.mkdtemp(prefix="portal-test-", suffix=worker)
    return Path(os.environ["PORTAL_TEST_DIR"])


TEST_DIR = _own_folder()

# Also for the processes that tests start: worker, commands.
os.environ["PORTAL_ENV"] = "trial"
os.environ["PORTAL_ENV_FILE"] = "no-such-file"
os.environ["PORTAL_LOCAL_DIR"] = str(TEST_DIR)
os.environ.setdefault("DATABASE_URL", addresses.embedded_database_url(TEST_DIR))
os.environ.setdefault("REDIS_URL", addresses.embedded_redis_url(TEST_DIR))
os.environ["SECRET_KEY"] = "only-for-tests-only-for-tests-only-for-tests-only-for-tests"
os.environ["FIELD_ENCRYPTION_KEYS"] = "t1:dDF0MXQxdDF0MXQxdDF0MXQxdDF0MXQxdDF0MXQxdDE="
os.environ["BLIND_INDEX_KEY"] = "YjFiMWIxYjFiMWIxYjFiMWIxYjFiMWIxYjFiMWIxYjE="

from portal.settings import *  # noqa: E402, F403
from portal.settings import MIDDLEWARE, STORAGES  # noqa: E402

DEBUG = False
REFERENCE_CACHE_SECONDS = 0
FIGURES_KEPT_SECONDS = 0
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Straight from the finders: collecting them is tried once, in the test of the whole stack.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Emptying the tables makes Django write these anew by itself; see `pytest_runtest_teardown`.
TEST_NON_SERIALIZED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]

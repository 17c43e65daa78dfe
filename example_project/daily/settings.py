"""Settings of the example site.

For development nothing needs to be set: the site talks to the sandbox on this machine. A deployment
sets EXAMPLE_DEBUG=0, and the EXAMPLE_* variables below.
"""

import os
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("EXAMPLE_DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("EXAMPLE_SECRET_KEY", "")
if DEBUG and not SECRET_KEY:
    SECRET_KEY = "for-development-only-and-known-to-everybody-0123456789"
ALLOWED_HOSTS = os.environ.get("EXAMPLE_HOSTS", "127.0.0.1,localhost").split(",")

# --- IdentityX ------------------------------------------------------------------------------------

# Where IdentityX answers. In development that is the sandbox: manage.py identityx_sandbox
IDENTITYX_API_URL = os.environ.get(
    "EXAMPLE_API_URL",
    "http://127.0.0.1:8787/graphql" if DEBUG else "https://identity-x.parameter1.com/graphql",
)

# Which application this site is. IdentityX hands out this id; the sandbox knows "Acme Daily" by it.
IDENTITYX_APP_ID = os.environ.get("EXAMPLE_APP_ID", "5d1b36070ce467bff670a052")

# Where the links in the mails lead: the absolute address of identityx:callback, see urls.py.
IDENTITYX_CALLBACK_URL = os.environ.get(
    "EXAMPLE_CALLBACK_URL", "http://127.0.0.1:8000/account/callback/"
)

# Readers and staff become request.user, so that login_required and {{ user }} mean them.
IDENTITYX_REQUEST_USER = True

# What everybody's profile must have. Whoever lacks it is asked after signing in.
IDENTITYX_REQUIRED_FIELDS = ["given_name"]

# How many proxies of yours stand before the site; limits per address count on it.
IDENTITYX_TRUSTED_PROXIES = int(os.environ.get("EXAMPLE_PROXIES", "0"))

if DEBUG:  # whoever tries the site is all of its visitors, from one address
    IDENTITYX_THROTTLE_RATES = {"send-address": "100/min", "redeem-address": "100/min"}

# login_required leads here, and a sign-in that was not asked for by a page ends there.
LOGIN_URL = "identityx:login"
LOGIN_REDIRECT_URL = "members"
LOGOUT_REDIRECT_URL = "front"

# --- Django ---------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daily",  # before django_identityx, for its templates/identityx/base.html to win
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",  # the sign-in pages take the site's name from here
    "django.contrib.staticfiles",
    "rest_framework",
    "django_identityx",
]
# The page about the API, /api/docs/. It needs drf-spectacular and drf-spectacular-sidecar.
API_DOCS = bool(find_spec("drf_spectacular") and find_spec("drf_spectacular_sidecar"))
if API_DOCS:
    INSTALLED_APPS += ["drf_spectacular", "drf_spectacular_sidecar"]

# The origin of a page elsewhere that signs people in with JSON, such as ../spa/.
SPA = os.environ.get("EXAMPLE_SPA", "")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "daily.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_identityx.middleware.IdentityXMiddleware",  # after Django's own login
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

if DEBUG:  # a switch that pretends to be in an office; see daily/office.py
    MIDDLEWARE.insert(0, "daily.office.at_the_office")

if SPA:
    INSTALLED_APPS.append("corsheaders")
    MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")  # errors have its headers, too
    CORS_ALLOWED_ORIGINS = [SPA]
    CORS_ALLOW_CREDENTIALS = True
    CORS_EXPOSE_HEADERS = ["Retry-After"]
    CSRF_TRUSTED_ORIGINS = [SPA]
    IDENTITYX_CALLBACK_URL = f"{SPA}/"  # the page redeems its links itself
    SILENCED_SYSTEM_CHECKS = ["identityx.W011"]  # which warns of a callback that is not ours

REST_FRAMEWORK = {
    # The first takes Authorization headers of all three kinds, the second the browser's session.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "django_identityx.authentication.IdentityXAuthentication",
        "django_identityx.authentication.IdentityXSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    **({"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"} if API_DOCS else {}),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Acme Daily",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",  # its files come from this site, as everything does
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Verdicts of IdentityX are kept in a cache that all processes should share.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if cache_url := os.environ.get("EXAMPLE_CACHE_URL"):
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url,
        # A page never waits longer than this for a cache.
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE", BASE_DIR / "db.sqlite3"),
    }
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "daily.context.sandbox",
            ],
        },
    }
]

ROOT_URLCONF = "daily.urls"
WSGI_APPLICATION = "daily.wsgi.application"
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static_root"

# Login links are in the addresses of requests, so nothing is logged before it was cleaned.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "django_identityx.redaction.RedactingFilter"}},
    "formatters": {"plain": {"format": "{asctime} {levelname} {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["redact"],
            "formatter": "plain",
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

if not DEBUG:
    # A session is as good as a password: it never travels in the clear.
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if IDENTITYX_TRUSTED_PROXIES:  # TLS ends at the first of them
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

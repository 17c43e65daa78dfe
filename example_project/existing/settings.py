"""Settings of a site that had users before IdentityX came."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = True  # a demonstration; daily/settings.py shows what a deployment sets
SECRET_KEY = "for-development-only-and-known-to-everybody-0123456789"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]

# --- what the site had --------------------------------------------------------------------------

AUTH_USER_MODEL = "existing.Member"

INSTALLED_APPS = [
    "existing",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE", BASE_DIR / "existing.sqlite3"),
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
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

ROOT_URLCONF = "existing.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
USE_TZ = True
STATIC_URL = "/static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "front"
LOGOUT_REDIRECT_URL = "front"

# --- IdentityX: all that was added --------------------------------------------------------------

INSTALLED_APPS += ["django_identityx", "django_identityx.accounts"]
MIDDLEWARE.insert(
    MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1,
    "django_identityx.middleware.IdentityXMiddleware",
)

IDENTITYX_API_URL = os.environ.get("EXAMPLE_API_URL", "http://127.0.0.1:8787/graphql")
IDENTITYX_APP_ID = os.environ.get("EXAMPLE_APP_ID", "5d1b36070ce467bff670a052")
IDENTITYX_CALLBACK_URL = os.environ.get(
    "EXAMPLE_CALLBACK_URL", "http://127.0.0.1:8000/account/callback/"
)
IDENTITYX_TRUSTED_PROXIES = 0

# Everybody who signs in gets a row of AUTH_USER_MODEL, and request.user is that row.
IDENTITYX_REQUEST_USER = True
IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"

# Where those sign in who had an account before: they connect it themselves.
IDENTITYX_LOCAL_LOGIN_URL = "login"

# Whoever runs the organization at IdentityX may open the admin here.
IDENTITYX_STAFF_ROLES = {
    "Owner": {"is_staff": True, "is_superuser": True},
    "Administrator": {"is_staff": True, "groups": ["Editors"]},
}

# Views of the API that were there before go on meaning members of ours by "IsAuthenticated": a
# stranger with a mailbox is nobody to them. Views that want readers say so, see api.py.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "django_identityx.accounts.authentication.LocalSessionAuthentication",
    ],
}

# Links are in the addresses of requests: nothing is logged before it was cleaned.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "django_identityx.redaction.RedactingFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}

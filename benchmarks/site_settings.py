"""The site that the benchmarks measure: its settings, and those of the contenders."""

from __future__ import annotations

import importlib.util
from typing import Any

APP_ID = "5d1b36070ce467bff670a052"
LONG = 3600  # seconds, where nothing is to run out while it is measured


def has(module: str) -> bool:
    """Say whether a contender is installed: the dependency group ``bench`` has them all."""
    return importlib.util.find_spec(module) is not None


def configure(api_url: str, redis_url: str | None = None, **settings: Any) -> None:
    """Set Django up. ``settings`` are more settings, or others."""
    import django
    from django.conf import settings as django_settings

    backends = "django.core.cache.backends"
    caches = {"default": {"BACKEND": f"{backends}.locmem.LocMemCache"}}
    if redis_url is not None:
        caches["redis"] = {"BACKEND": f"{backends}.redis.RedisCache", "LOCATION": redis_url}
    apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
    apps += ["rest_framework", "rest_framework.authtoken", "django_identityx"]
    apps += [name for name in ("knox",) if has(name)]
    values: dict[str, Any] = {
        "SECRET_KEY": "only-for-benchmarks-0123456789-0123456789-0123456789",
        "ALLOWED_HOSTS": ["*"],
        "USE_TZ": True,
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        "CACHES": caches,
        "INSTALLED_APPS": apps,
        "IDENTITYX_API_URL": api_url,
        "IDENTITYX_APP_ID": APP_ID,
    }
    django_settings.configure(**{**values, **settings})
    django.setup()

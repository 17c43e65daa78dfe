"""A site with its own users and the admin."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

OTHER_USERS = os.environ["OTHER_USERS"]
DATABASES["default"]["TEST"] = {"NAME": f"test_{OTHER_USERS}_users"}  # several run at once
AUTH_USER_MODEL = "other_users.Person"
INSTALLED_APPS = [*INSTALLED_APPS, "tests.accounts.other_users"]
if OTHER_USERS != "bare":
    INSTALLED_APPS.append("django.contrib.admin")
ROOT_URLCONF = "tests.accounts.other_users.urls"
IDENTITYX_REQUEST_USER = True
IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"
IDENTITYX_LOCAL_LOGIN_URL = "/local/login/"
IDENTITYX_STAFF_ROLES = {"Owner": {"is_staff": True, "is_superuser": True}}
IDENTITYX_ORG_ID = "5d1b36070ce467bff670a050"
if OTHER_USERS == "required":
    IDENTITYX_ACCOUNT_FIELDS = "tests.accounts.other_users.hooks.company"

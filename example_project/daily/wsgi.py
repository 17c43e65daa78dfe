"""For servers: ``daily.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daily.settings")
application = get_wsgi_application()

"""One user model of several, and something that belongs to users."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class Manager(BaseUserManager["AbstractBaseUser"]):
    def create_user(self, email: str, password: str | None = None, **others: object) -> object:
        user = self.model(email=email, **others)
        user.set_password(password)
        user.save()
        return user


class Base(AbstractBaseUser, PermissionsMixin):
    """Signs in by address, as most sites that wrote their own have it."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)

    objects = Manager()
    USERNAME_FIELD = "email"

    class Meta:
        abstract = True


if settings.OTHER_USERS == "email":

    class Person(Base):
        pass

elif settings.OTHER_USERS == "uuid":

    class Person(Base):  # type: ignore[no-redef]
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)

elif settings.OTHER_USERS == "key":

    class Person(Base):  # type: ignore[no-redef]
        email = models.EmailField(primary_key=True)

elif settings.OTHER_USERS == "required":

    class Person(Base):  # type: ignore[no-redef]
        company = models.CharField(max_length=50)
        number = models.IntegerField(unique=True)
        REQUIRED_FIELDS: ClassVar[list[str]] = ["company", "number"]

else:

    class Person(AbstractBaseUser):  # type: ignore[no-redef]
        """No permissions; the admin's flags are properties, as Django's own example has them."""

        email = models.EmailField(unique=True)
        is_admin = models.BooleanField(default=False)
        objects = Manager()
        USERNAME_FIELD = "email"

        @property
        def is_staff(self) -> bool:
            return self.is_admin


class Bookmark(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    url = models.URLField()

    def __str__(self) -> str:
        return self.url

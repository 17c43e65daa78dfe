"""A local account and a link: refused at first, then connected by its owner, at 320 pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from django_identityx.accounts.models import Identity
from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.browser.axe import violations
from tests.browser.looks import difference

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER = "reader@example.net"


def sign_in_locally(page: Page, site: str, user: User) -> None:
    """As with a password, which is the site's own affair."""
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_whole_way(
    new_browser: Callable[..., Page],
    site: str,
    sandbox: Sandbox,
    settings: Any,
    look: Callable[[Page, str], None],
    axe: str,
    scheme: str,
) -> None:
    def judge(name: str) -> None:
        look(page, f"connect-{name}-320-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert violations(page, axe) == []
        assert difference(page, f"plain-connect-{name}-{scheme}") == ""

    settings.IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"
    settings.IDENTITYX_LOCAL_LOGIN_URL = "/local/login/"
    rita = User.objects.create_user("rita", READER, "secret")
    page = new_browser(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.goto(f"/identityx/callback/?token={sandbox.login_link_token(READER)}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Connect your account").wait_for()
    judge("refused")
    way = page.get_by_role("link", name="Sign in to your account").get_attribute("href")
    assert way == "/local/login/?next=%2Fidentityx%2Flink-account%2F%3Fkind%3DAppUser"
    assert not Identity.objects.exists()

    sign_in_locally(page, site, rita)
    page.goto("/identityx/link-account/?kind=AppUser")
    judge("account")
    page.get_by_role("button", name="Send me a link").press("Enter")
    page.get_by_role("heading", name="Check your mail").wait_for()
    assert wait_until_sent()
    page.goto(sandbox.outbox[-1].url)
    page.get_by_role("heading", name="Connect your account?").wait_for()
    judge("question")
    page.get_by_role("button", name="Connect").press("Enter")
    page.wait_for_url("**/accounts/profile/")
    assert Identity.objects.get().user == rita

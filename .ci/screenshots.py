"""``make screenshots``: what the browser run saw, cut and made smaller for the documentation."""

import base64
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
SEEN, SHOWN = ROOT / "artifacts", ROOT / "docs" / "screenshots"

# Name in docs/screenshots: what the browser run called it, pixels that are kept of its height, and
# the width that it is shown with.
SHOTS = {
    "front": ("magazine-front-wide-light", 900, 800),
    "sign-in": ("magazine-login-wide-light", 640, 800),
    "link-sent": ("magazine-link-sent-to-wide-light", 690, 800),
    "is-this-you": ("callback-other-device", 500, 390),
    "outage": ("magazine-outage-sign-in-wide-light", 780, 800),
    "acting": ("magazine-acting-wide-light", 520, 800),
    "comments": ("comments-320-light", 800, 320),
    "swagger": ("swagger", 900, 800),
}


def main() -> None:
    SHOWN.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name, (seen, height, width) in SHOTS.items():
            data = (SEEN / f"{seen}.png").read_bytes()
            full = int.from_bytes(data[16:20], "big")  # PNG says its width there
            source = base64.b64encode(data).decode()
            page = browser.new_page(viewport={"width": width, "height": height * width // full})
            style = "body{margin:0}img{display:block;width:100%}"
            page.set_content(f'<style>{style}</style><img src="data:image/png;base64,{source}">')
            page.screenshot(path=SHOWN / f"{name}.png")
            page.close()
            print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    main()

"""Does a page look as it did? Small pictures in ``looks/`` say how.

Pictures by pixel would differ with each version of Chromium and of its fonts. So a cell of 8 by 8
pixels is one: what moves by a pixel, or is hinted in another way, changes it by little; a button
that is gone, or a style that did not come, changes many by much.

``IDENTITYX_UPDATE_LOOKS=1`` writes them anew: look at them before you commit them.
"""

from __future__ import annotations

import base64
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.requirements import require

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKS = Path(__file__).parent / "looks"
CELL = 8  # pixels
MUCH = 40  # of 255, in one colour: a cell that differs by more is another
SHARE = 0.005  # of a page's cells may be others
TALLER = 2  # cells that a page may have grown or shrunk

# What the clock decides, written alike.
_UNSTEADY = r"\d+/\d+/\d+,? (\d+(:\d+)? [ap]\.m\.|noon|midnight)"
_STEADY = """pattern => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const date = new RegExp(pattern, "g");
  for (let text; text = texts.nextNode();) text.data = text.data.replace(date, "1/1/2000 1 a.m.");
}"""

# In Chromium, which has what it takes: decoding, shrinking, WebP.
_CELLS = """async (url, cell) => {
  const blob = await (await fetch(url)).blob();
  const whole = await createImageBitmap(blob);
  const size = {width: Math.ceil(whole.width / cell), height: Math.ceil(whole.height / cell)};
  const small = await createImageBitmap(blob, {
    resizeWidth: size.width, resizeHeight: size.height, resizeQuality: "high"});
  const canvas = Object.assign(document.createElement("canvas"), size);
  const drawing = canvas.getContext("2d");
  drawing.drawImage(small, 0, 0);
  return {...size, canvas, data: drawing.getImageData(0, 0, size.width, size.height).data};
}"""
_SHRINK = f"""async ([url, cell]) => {{
  return (await ({_CELLS})(url, cell)).canvas.toDataURL("image/webp", 1);
}}"""
_COMPARE = f"""async ([now, before, cell, much]) => {{
  const cells = {_CELLS};
  const [a, b] = [await cells(now, cell), await cells(before, 1)];
  const height = Math.min(a.height, b.height);
  let others = 0;
  for (let i = 0; i < a.width * height * 4; i += 4)
    others += [0, 1, 2].some(c => Math.abs(a.data[i + c] - b.data[i + c]) > much);
  const share = others / (a.width * height);
  return {{wide: a.width === b.width, taller: a.height - b.height, share}};
}}"""


def difference(page: Page, name: str) -> str:
    """In what the page differs from how ``name`` looked; empty if in nothing worth a word."""
    require(_has_fonts(), "other fonts than Debian's fonts-dejavu-core are the system's")
    page.evaluate(_STEADY, _UNSTEADY)
    png = page.screenshot(full_page=True, animations="disabled")
    reference = LOOKS / f"{name}.webp"
    judge = page.context.browser.new_page()  # type: ignore[union-attr]
    try:
        if os.environ.get("IDENTITYX_UPDATE_LOOKS"):
            LOOKS.mkdir(exist_ok=True)
            small = judge.evaluate(_SHRINK, [_url("png", png), CELL])
            reference.write_bytes(base64.b64decode(small.partition(",")[2]))
            return ""
        if not reference.exists():
            return f"nobody knows how {name} should look: IDENTITYX_UPDATE_LOOKS=1 writes it down"
        urls = [_url("png", png), _url("webp", reference.read_bytes())]
        found: dict[str, Any] = judge.evaluate(_COMPARE, [*urls, CELL, MUCH])
    finally:
        judge.close()
    if not found["wide"]:
        return f"{name} has another width"
    if abs(found["taller"]) > TALLER:
        return f"{name} is {found['taller'] * CELL} pixels taller than it was"
    if found["share"] > SHARE:
        return f"{name} is another in {found['share']:.1%} of its cells"
    return ""


def _url(kind: str, picture: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


@cache
def _has_fonts() -> bool:
    """Whether the generic fonts are those that the pictures were taken with."""
    asked = ("sans-serif", "serif", "monospace")
    answers = (
        subprocess.run(["fc-match", name], capture_output=True, text=True, check=False).stdout
        for name in asked
    )
    return all("DejaVu" in answer for answer in answers)

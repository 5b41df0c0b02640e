"""The HTML page in a real browser, as wide as a desk and as a phone: nothing overlaps, nothing is cut."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mmtriage.render import htmldoc
from tests.real_reports.records import REPORTS
from tests.render.hostile import HOSTILE
from tests.render.plotted import HOSTILE_PLOTS, PLOTTED

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (1280, 400)
PAGES = {
    **REPORTS,
    **{f"hostile {kind}": report for kind, report in HOSTILE.items()},
    **PLOTTED,
    "plots, script": HOSTILE_PLOTS["plots, script"],
    "plots, letters": HOSTILE_PLOTS["plots, letters"],
}

# What is wrong with a page: whatever sticks out, and any two pieces of text in the same place.
CHECK = """
function problems(page, width) {
  const found = [];
  if (page.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
  for (const element of page.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    if (box.width && box.right > width + 1) found.push("sticks out: " + element.textContent.trim());
    const drawing = element.ownerSVGElement;
    if (drawing && element.tagName == "text") {
      const all = drawing.getBoundingClientRect();
      if (box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom)
        found.push("cut: " + element.textContent.trim());
    }
    if (!drawing && element.clientWidth && element.scrollWidth > element.clientWidth + 1)
      found.push("cut: " + element.textContent.trim());
  }
  const boxes = [], range = page.createRange();
  const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    range.selectNodeContents(texts.currentNode);
    for (const box of range.getClientRects()) boxes.push([box, texts.currentNode.textContent]);
  }
  boxes.sort((one, other) => one[0].top - other[0].top);
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length && boxes[j][0].top < boxes[i][0].bottom; j++) {
      const one = boxes[i][0], other = boxes[j][0];
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (across > 1 && down > 6) found.push("overlap: " + boxes[i][1] + " / " + boxes[j][1]);
    }
  return found;
}
window.onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const text = frame.contentDocument.body.textContent.length;
    found[frame.title] = [text, problems(frame.contentDocument, frame.clientWidth)];
  }
  document.body.textContent = "RESULT" + JSON.stringify(found) + "END";
};
"""


needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")


@needs_browser
def test_nothing_overlaps_and_nothing_is_cut(tmp_path: Path) -> None:
    assert_sound({name: htmldoc.render(report) for name, report in PAGES.items()}, tmp_path)


def assert_sound(pages: Mapping[str, str], tmp_path: Path) -> None:
    """Every page shows all of its text, at every width, with all of it open: what is folded has no place."""
    opened = {name: text.replace("<details ", "<details open ") for name, text in pages.items()}
    frames = [
        f'<iframe title="{name} {width}" width="{width}" height="800" style="border: 0" '
        f'srcdoc="{html.escape(text)}"></iframe>'
        for name, text in opened.items()
        for width in WIDTHS
    ]
    page = tmp_path / "all.html"
    page.write_text(
        f"<!DOCTYPE html><body>{''.join(frames)}<script>{CHECK}</script></body>", encoding="utf-8"
    )
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    run = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, timeout=120, check=True
    )
    result = re.search(r"RESULT(.*)END", run.stdout.decode(), flags=re.DOTALL)
    assert result is not None
    found = json.loads(html.unescape(result.group(1)))
    assert len(found) == len(pages) * len(WIDTHS)
    assert all(length > 500 for length, _ in found.values())
    assert {name: problems for name, (_, problems) in found.items() if problems} == {}

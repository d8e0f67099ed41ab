"""Opens a site: the first page load of a flow, with its own failure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from runner.failure import Failure

# A site that shows nothing by then is down for a person who waits.
OPENING_S = 45.0


async def goto(page: Page, url: str, *, within: float = OPENING_S) -> None:
    """Go to `url` and return with the answer's first bytes, for at most `within` seconds.

    Raises Failure `site_fora_do_ar` when there is none, or an HTTP error.
    """
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        answer = await page.goto(url, wait_until="commit", timeout=within * 1000)
    except PlaywrightError as error:
        if page.is_closed():
            raise
        found = re.search(r"net::\w+", error.message)
        cause = found[0] if found else type(error).__name__
        raise Failure("site_fora_do_ar", detail={"site": host, "erro": cause}) from None
    if answer is not None and answer.status >= 400:
        raise Failure("site_fora_do_ar", detail={"site": host, "http": answer.status})

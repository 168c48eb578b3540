"""The system's Chromium, and every campaign rendered in both languages into a temporary folder."""

import contextlib
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from playwright.sync_api import sync_playwright

from apex.files import ROOT
from apex.report.campaign import load_campaign
from apex.report.runner import render

NAMES = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = f"""No browser: none of {", ".join(NAMES)} is on the PATH.
Install one (Debian: apt-get install chromium), or name it: make test-browser CHROME_PATH=/path/to/chrome"""
CAMPAIGNS = sorted(path.stem for path in (ROOT / "data" / "campaigns").glob("*.yml"))
TEACHERS = {teacher for name in CAMPAIGNS for teacher in load_campaign(name).learns_from}
# a teacher has the same pages as its pupil, of the same brand: it is rendered once, for its lesson, and not looked at
SITES = [(name, language) for name in CAMPAIGNS if name not in TEACHERS for language in ("en", "zh")]


def chromium():
    """Path of the browser to use, None where there is none."""
    named = os.environ.get("CHROME_PATH")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


def pytest_configure():
    if chromium() is None:
        named = os.environ.get("CHROME_PATH")
        raise pytest.UsageError(f"CHROME_PATH names no program: {named}" if named else NO_BROWSER)


@pytest.fixture(scope="session")
def browser():
    """Chromium, as this machine has it."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync"]
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to start as root otherwise
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--disable-gpu", *quiet, *root])
        yield started
        started.close()


@pytest.fixture(scope="session")
def open_page(browser):
    """`with open_page() as page`, for fixtures that outlive a test."""
    return lambda *home: offline_page(browser, *home)


@pytest.fixture
def page(browser):
    """An empty page without network; `page.asked` is what it wanted, `page.said` what went wrong on it."""
    with offline_page(browser) as made:
        yield made


@contextlib.contextmanager
def offline_page(browser, home="file:"):
    """A page that reads what is at `home` only; `page.asked`: what it wanted from elsewhere, `page.said`: its errors."""
    context = browser.new_context(accept_downloads=True)
    made = context.new_page()
    made.asked, made.said = [], []

    def answer(route):
        if route.request.url.startswith((home, "data:", "blob:")):
            route.continue_()
        else:
            made.asked.append(route.request.url)
            route.abort()

    context.route("**/*", answer)
    made.on("pageerror", lambda error: made.said.append(f"{error}"))
    made.on("console", lambda message: made.said.append(message.text) if message.type in ("error", "warning") else None)
    yield made
    context.close()


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """(campaign, language) → its report in the making; one is rendered while another is read."""
    place = tmp_path_factory.mktemp("sites")
    places = {"reports": place / "reports", "lessons": place / "lessons"}  # the project's own stay as they are
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        making = {}
        for name, language in SITES:
            file = place / f"{name}-{language}.yml"
            file.write_text(f"extends: {name}\nlanguage: {language}\n", encoding="utf-8")
            own = load_campaign(name).language == language
            making[name, language] = pool.submit(render, name if own else file, **places)
        yield making
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session", params=SITES, ids="-".join)
def site(request, sites):
    """The folder of one campaign's report in one language."""
    return sites[request.param].result().parent

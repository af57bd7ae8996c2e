"""The site builds without a warning, stands alone, and no link in it leads nowhere."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that a link may name."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors, self.texts = [], [], {""}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.update(found[key] for key in ("id", "name") if found.get(key))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "link" and found.get("href") and found.get("rel") != "canonical":
            self.loads.append(found["href"])
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loads.append(found["src"])
        if tag == "img":
            self.texts.append(found.get("alt") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a site built strictly, and its pages by their paths in it."""
    if find_spec("mkdocs") is None or find_spec("mkdocstrings") is None:
        pytest.skip('the site needs pip install "mec-offloading[docs]"')
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    # A server shows the page of missing pages below any address, so its links begin at the root.
    files = [file for file in folder.rglob("*.html") if file.name != "404.html"]
    pages = {
        file: Page(file.read_text(encoding="utf-8"))
        for file in files
        if "repository" not in file.relative_to(folder).parts
    }
    return folder, pages


def test_every_document_is_a_page(site):
    folder, pages = site
    documents = (ROOT / "docs").rglob("*.md")
    wanted = {file.relative_to(ROOT / "docs").with_suffix(".html") for file in documents}
    assert wanted == {file.relative_to(folder) for file in pages}
    assert len(wanted) > 20


def test_every_link_leads_to_a_file_and_a_place_in_it(site):
    _, pages = site
    lost = []
    for file, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            found = target.is_file()
            if found and target in pages:
                found = unquote(parts.fragment) in pages[target].anchors
            if not found:
                lost.append((file.name, link))
    assert lost == []


def test_no_page_loads_anything_from_another_host(site):
    _, pages = site
    assert [load for page in pages.values() for load in page.loads if urlsplit(load).netloc] == []


def test_every_picture_says_in_words_what_it_shows(site):
    _, pages = site
    assert all(len(text) > 15 for page in pages.values() for text in page.texts)


def test_public_names_are_in_the_reference(site):
    _, pages = site
    import dirs_solver
    import mec_env

    anchors = set().union(*(page.anchors for page in pages.values()))
    for package in (mec_env, dirs_solver):
        for name, home in package._HOMES.items():
            # Tables of names have pages of their own, and env is raw_env by another name.
            if name not in ("SCENARIOS", "SUITES", "RULES", "LEARNERS", "env"):
                assert f"{package.__name__}.{home}.{name}" in anchors, name

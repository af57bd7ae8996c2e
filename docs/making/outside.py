"""A hook of MkDocs: files of the repository that pages link to come along into the site.

A page says ``../examples/your_own_learner.py``, which is right on a code host. In the site the same
link leads to a copy below ``repository/``, so that the site stands alone.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

#: A link's target that leaves the documents' folder, from a page ``..`` or more up.
LINK = re.compile(r"(?<=\]\()(\.\./[^)#\s]+)")
FOLDER = "repository"


def target(page, link):
    """Path in the repository that a link of a page leads to, or None if it stays among the pages."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
    return None if path.startswith("docs/") else path


def on_files(files, config):
    """Add each linked file of the repository once."""
    root = Path(config.config_file_path).parent
    found = {
        path
        for file in files.documentation_pages()
        for link in LINK.findall(Path(file.abs_src_path).read_text(encoding="utf-8"))
        if (path := target(file.src_uri, link)) is not None
    }
    for path in sorted(found):
        if (root / path).is_file():
            files.append(File.generated(config, f"{FOLDER}/{path}", abs_src_path=str(root / path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Point the links at the copies; one that leads nowhere stays, and the build refuses it."""

    def moved(found):
        path = target(page.file.src_uri, found.group(1))
        if path is None or files.get_file_from_path(f"{FOLDER}/{path}") is None:
            return found.group(1)
        here = posixpath.dirname(page.file.src_uri) or "."
        return posixpath.relpath(f"{FOLDER}/{path}", here)

    return LINK.sub(moved, markdown)

"""Another page of truth than the first, as a file."""

from pathlib import Path

from apex import files, show
from truth.page import PAGE


def paper(title: str, parts: list[str], path: Path) -> Path:
    """Write a page of these parts (HTML) to `path`; returns it."""
    page = PAGE.replace("<title>The page of truth</title>", f"<title>{title}</title>")
    files.atomic_write(path, page.format(css=show.house_css(), body="\n".join(parts)))
    return path

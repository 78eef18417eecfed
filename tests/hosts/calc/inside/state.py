"""What state a document is in."""

from __future__ import annotations

from typing import Any


def is_modified(context: Any, document: Any) -> bool:
    """Whether it has changes that are not saved."""
    return bool(document.isModified())

"""Small HTML tables, with which notebooks show objects."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["html_table"]


def html_table(title: str, rows: Mapping[str, str]) -> str:
    """Write a table of names and values below a title, with all special characters escaped."""
    left = 'style="text-align: left"'
    lines = (
        f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>"
        for name, value in rows.items()
    )
    return f"<b>{escape(title)}</b><table>{''.join(lines)}</table>"

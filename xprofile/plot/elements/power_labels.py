"""Labels of axes that name the power of ten of the numbers at the ticks, as papers do.

The label reads the power each time it is drawn, so it stays right if limits or the scale change. If
somebody writes another label, matplotlib's own text at the end of the axis names the power again.
"""

from __future__ import annotations

import re
from typing import Any

from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import ScalarFormatter

__all__ = ["fit_label", "label_color_bar", "plain_label", "set_label_with_power"]

_ROOM = 0.95  # height of a label in heights of the axes, which can become a little shorter
_HARDLY_SMALLER = (1, 0.9)  # sizes of letters that are tried in one line, and in two
_SMALLER = (1, 0.9, 0.8, 0.7)  # less is hard to read
_UNIT = re.compile(r"(?P<name>.*)(?P<gap>\s)\[(?P<unit>[^\[]*)\]", re.DOTALL)
_POWER = re.compile(r"1e(\S+)|10\^\{([^}]*)\}")  # as the formatter of matplotlib writes it


class _PowerFormatter(ScalarFormatter):
    """Usual formatter, without the text of the power where the label of the axis has it."""

    def power(self) -> str:
        """Power of ten that the numbers at the ticks are divided by, such as ``10^{-9}``; or ""."""
        found = None if self.offset else _POWER.search(super().get_offset())
        exponent = (found[1] or found[2]).replace("\N{MINUS SIGN}", "-") if found else ""
        return f"10^{{{exponent}}}" if exponent else ""

    def get_offset(self) -> str:
        power = self.power()
        labels = [axis.label.get_text() for axis in _sharing(self.axis)] if power else []
        return "" if any(power in text for text in labels) else str(super().get_offset())


class _PowerLabel(Text):
    """Label of an axis, with the power of ten of its ticks before the unit."""

    _axis: Axis | None = None
    _plain = ""

    def get_text(self) -> str:
        text = str(super().get_text())
        if self._axis is None or text != self._plain:
            return text
        formatter = self._axis.get_major_formatter()
        if not isinstance(formatter, _PowerFormatter):
            return text
        formatter.set_locs(self._axis.get_majorticklocs().tolist())
        return _with_power(text, formatter.power())

    def set_text(self, s: Any) -> None:
        if self._axis is None or str(s) != self.get_text():  # matplotlib < 3.10 sets what it drew
            super().set_text(s)

    def follow(self, axis: Axis, text: str) -> None:
        """Set the text without the power, which is that of the ticks of an axis."""
        self._axis, self._plain = axis, text
        self.set_text(text)


def set_label_with_power(axis: Any, text: str) -> None:
    """Set the label of an axis, in which the power of ten of its ticks stands before the unit.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        With another scale than a linear one, or a formatter of the caller, it has a usual label.
    text : str
        Label that ends with the unit in brackets, if there is one.
    """
    if not isinstance(axis.label, _PowerLabel):
        axis.label = _replaced(axis.label)
    if type(axis.get_major_formatter()) is ScalarFormatter and axis.isDefault_majfmt:
        axis.set_major_formatter(_PowerFormatter())
    axis.label.follow(axis, text)
    axis.stale = True


def label_color_bar(bar: Any, text: str) -> None:
    """Set the label of a colour bar, with a power of ten as in `set_label_with_power`."""
    if type(bar.formatter) is ScalarFormatter:
        bar.formatter = _PowerFormatter()
    vertical = bar.orientation == "vertical"
    bar.set_label(text)
    set_label_with_power(bar.ax.yaxis if vertical else bar.ax.xaxis, text)


def fit_label(axis: Any) -> None:
    """Write a label smaller, or its unit below its name, if the axis is too short for it.

    Parameters
    ----------
    axis : matplotlib.axis.YAxis
        With a label by `set_label_with_power`, in a figure that was laid out.
    """
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    text = " ".join(plain_label(axis).split("\n"))
    full = FontProperties(size=rcParams["axes.labelsize"]).get_size_in_points()
    found = _UNIT.fullmatch(text)
    broken = f"{found['name']}\n[{found['unit']}]" if found else text
    for shown, factors in ((text, _HARDLY_SMALLER), (broken, _SMALLER)):
        set_label_with_power(axis, shown)
        for factor in factors:
            axis.label.set_size(factor * full)
            if axis.label.get_window_extent().height <= _ROOM * axis.axes.bbox.height:
                return


def plain_label(axis: Any) -> str:
    """Label of an axis without a power of ten."""
    return str(Text.get_text(axis.label))


def _replaced(old: Text) -> _PowerLabel:
    """Make a label with the place and the look of another one."""
    new = _PowerLabel(*old.get_position())
    new.update_from(old)
    new.set_rotation_mode(old.get_rotation_mode())
    if old.get_figure() is not None:
        new.set_figure(old.get_figure())  # type: ignore[arg-type]
    new.set_text(old.get_text())
    return new


def _sharing(axis: Any) -> list[Any]:
    """Axes that have the same ticks."""
    name, ax = axis.axis_name, axis.axes
    grouper = ax.get_shared_x_axes() if name == "x" else ax.get_shared_y_axes()
    return [getattr(other, f"{name}axis") for other in grouper.get_siblings(ax)]


def _with_power(text: str, power: str) -> str:
    """Put a power of ten before the unit at the end of a label, in the same formula if it is one.

    Examples
    --------
    >>> _with_power("Time [s]", "10^{3}")
    'Time [$10^{3}$ s]'
    >>> _with_power("Counts", "10^{6}")
    'Counts [$10^{6}$]'
    """
    if not power:
        return text
    found = _UNIT.fullmatch(text)
    if found is None:
        return f"{text} [${power}$]"
    unit = found["unit"]
    both = rf"${power}\,{unit[1:]}" if unit.startswith("$") else f"${power}$ {unit}"
    return f"{found['name']}{found['gap']}[{both}]"

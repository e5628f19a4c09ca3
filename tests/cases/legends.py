"""Axes with a legend to place, and the pixels of data behind it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axis import Axis
from matplotlib.spines import Spine


def covered(ax):
    """Number of pixels of data behind the legend, and whether it is inside the figure."""
    figure, legend = ax.figure, ax.get_legend()
    figure.canvas.draw()
    figure.set_layout_engine("none")
    box = legend.get_window_extent().frozen()
    for artist in [legend, *figure.findobj(Axis), *figure.findobj(Spine)]:
        artist.set_visible(False)
    figure.canvas.draw()
    pixels = np.array(figure.canvas.buffer_rgba())[::-1, :, :3]
    left, low, right, high = np.round(box.extents).astype(int)
    inside = left >= 0 and low >= 0 and right <= pixels.shape[1] and high <= pixels.shape[0]
    return np.count_nonzero((pixels[low:high, left:right] != 255).any(axis=-1)), inside


def axes(**options):
    """Axes from 0 to 1 with limits that stay, and an entry for the legend far below them."""
    ax = plt.figure(figsize=(5, 3), dpi=60, **options).add_subplot()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.plot([0.5], [-9], "ko", label="one")
    ax.plot([0.5], [-9], "ks", label="another")
    return ax

"""Figures of the gallery, which are cut to what is drawn, as those of other pages are."""

import matplotlib.pyplot as plt


def without_margins(gallery_conf, fname):
    """Save figures without the empty margins round them; called before each example."""
    plt.rcParams.update({"savefig.bbox": "tight", "savefig.dpi": 130})

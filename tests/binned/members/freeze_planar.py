"""Write `planar_pixels.json`, the pixels of the regions in `cases.planar` by regions below 0.12.

``nox -s planar_tables`` runs it. The table of a case is a list of runs [row, first, last] of
pixels, counted from 0, with the last one included.
"""

import json
import sys
from pathlib import Path

import numpy as np
import regions
from cases.planar import CASES, GRIDS

SIZES = ("radius", "width", "height")
TIE = 1e-6  # least distance of boundaries from pixel centres, in sizes of the region


def plane(region, wcs, shape):
    """Whether each pixel belongs to the region, (ny, nx)."""
    return region.to_pixel(wcs).to_mask(mode="center").to_image(shape, dtype=bool)


def resized(region, *, outer, inner):
    """Return a copy of a region with its outer boundary and its hole scaled."""
    sizes = {name: getattr(region, name) for name in vars(region) if name.endswith(SIZES)}
    return region.copy(
        **{name: size * (inner if "inner" in name else outer) for name, size in sizes.items()}
    )


def check_no_ties(name, region, wcs, shape):
    small, large = 1 - TIE, 1 + TIE
    least = plane(resized(region, outer=small, inner=large), wcs, shape)
    most = plane(resized(region, outer=large, inner=small), wcs, shape)
    if np.any(least != most):
        sys.exit(f"{name}: the boundary runs through {np.sum(least != most)} pixel centres")


def runs(image):
    """Runs [row, first, last] of the pixels that are True."""
    padded = np.pad(image.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(padded, axis=1)
    row, first = np.nonzero(steps == 1)
    stop = np.nonzero(steps == -1)[1]
    return np.stack([row, first, stop - 1], axis=1).tolist()


def main():
    version = regions.__version__
    if tuple(map(int, version.split(".")[:2])) >= (0, 12):
        sys.exit(f"regions {version} uses other scales and angles; install 'regions<0.12'")
    lines = []
    for (grid, label), region in CASES.items():
        name = f"{grid}: {label}"
        check_no_ties(name, region, *GRIDS[grid])
        table = json.dumps(runs(plane(region, *GRIDS[grid])), separators=(",", ":"))
        lines.append(f"{json.dumps(name)}: {table}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_name("planar_pixels.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

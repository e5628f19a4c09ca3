"""The small cases of `run.py` in Gammapy, which is their yardstick; this needs no xprofile.

    python benchmarks/gammapy_cases.py OUTPUT.json [number of runs]

GAMMAPY_DATA names the folder with fermi-3fhl-gc. Each case runs once before it is timed.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

ANNULI = (0, 0.25, 0.5, 1, 1.5, 2)  # deg


def read():
    """The real cube."""
    from gammapy.data import GTI
    from gammapy.datasets import MapDataset

    path = Path(os.environ["GAMMAPY_DATA"]) / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz"
    dataset = MapDataset.read(path, name="fermi-3fhl-gc")
    dataset.gti = GTI.create("0s", "1e7s", "2010-01-01")
    return dataset


def boxes(dataset):
    """49 boxes of 3 deg in height along b = 0, from l = 9 to 351 deg."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from gammapy.utils.regions import make_orthogonal_rectangle_sky_regions

    start, end = (SkyCoord(lon, 0, unit="deg", frame="galactic") for lon in (9, 351))
    wcs = dataset.counts.geom.wcs
    return make_orthogonal_rectangle_sky_regions(start, end, wcs, 3 * u.deg, nbin=49)


def annuli(dataset):
    """Ten annuli up to 1.5 deg: Gammapy's `nbin` is the number of edges."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from gammapy.utils.regions import make_concentric_annulus_sky_regions

    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return make_concentric_annulus_sky_regions(center, 1.5 * u.deg, nbin=11)


def profile(dataset, regions, edges, **options):
    import astropy.units as u
    from gammapy.estimators import FluxProfileEstimator
    from gammapy.modeling.models import PowerLawSpectralModel

    estimator = FluxProfileEstimator(
        regions=regions,
        spectral_model=PowerLawSpectralModel(index=2.3),
        energy_edges=edges * u.GeV,
        **options,
    )
    return estimator.run(datasets=dataset)


def scan(dataset):
    """The annuli in two energy bands, with the statistic at 11 norms."""
    import numpy as np
    from gammapy.modeling import Parameter

    norm = Parameter(name="norm", value=1, scan_values=np.linspace(-1, 5, 11), interp="lin")
    options = {"selection_optional": ["scan"], "norm": norm}
    return profile(dataset, annuli(dataset), [10, 100, 2000], **options)


def templates(dataset):
    """Template sources with the shapes of five annuli up to 2 deg, a power law each."""
    import numpy as np
    from astropy.coordinates import SkyCoord
    from gammapy.maps import Map
    from gammapy.modeling.models import PowerLawSpectralModel, SkyModel, TemplateSpatialModel

    image = dataset.counts.geom.to_image()
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    separation = image.get_coord().skycoord.separation(center)
    number = np.digitize(separation.deg, ANNULI) - 1
    for i in range(len(ANNULI) - 1):
        inside = Map.from_geom(image, data=1.0 * (number == i), unit="sr-1")
        inside.data /= (inside.data * image.solid_angle().to_value("sr")).sum()
        model = PowerLawSpectralModel(index=2.3)
        model.index.frozen = True
        yield SkyModel(model, TemplateSpatialModel(inside, normalize=False), name=f"bin{i}")


def joint_fit(dataset):
    """Fit the norms of five annuli to the pixels together, from 10 to 500 GeV."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from gammapy.maps import Map
    from gammapy.modeling import Fit
    from gammapy.modeling.models import Models

    fitted, geom = dataset.copy(name="fitted"), dataset.counts.geom
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    inside = geom.to_image().get_coord().skycoord.separation(center).deg < ANNULI[-1]
    energies = geom.energy_mask(10 * u.GeV, 500 * u.GeV)
    fitted.mask_fit = Map.from_geom(geom, data=energies.data & inside)
    fitted.models = Models(list(templates(dataset)))
    return Fit().run([fitted])


def script(output):
    """Read, bin, fit and write, as a script does."""
    dataset = read()
    found = profile(dataset, boxes(dataset), [10, 2000], selection_optional=["ul"])
    found.write(output, overwrite=True, sed_type="dnde", format="profile")


def cold():
    """Seconds of the script in a fresh process, with its imports."""
    start = time.perf_counter()
    target = Path(f"{sys.argv[1]}.fits")
    command = [sys.executable, "-W", "ignore", __file__, "--script", str(target)]
    subprocess.run(command, check=True)
    target.unlink()
    return time.perf_counter() - start


def median(function, runs):
    """Median seconds after a run that does not count."""
    function()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(output, runs):
    import gammapy

    dataset = read()
    line = boxes(dataset)
    cases = {
        "line ul": lambda: profile(dataset, line, [10, 2000], selection_optional=["ul"]),
        "line all": lambda: profile(dataset, line, [10, 2000], selection_optional="all"),
        "annuli scan": lambda: scan(dataset),
        "five templates": lambda: joint_fit(dataset),
    }
    seconds = {}
    for name, function in cases.items():
        seconds[name] = median(function, runs)
        print(f"Gammapy {gammapy.__version__}, {name}: {seconds[name]:.2f} s", flush=True)
    seconds["script"] = statistics.median(cold() for _ in range(runs))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = {"gammapy": gammapy.__version__, "seconds": seconds, "peak_bytes": peak}
    Path(output).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--script":
        script(sys.argv[2])
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)

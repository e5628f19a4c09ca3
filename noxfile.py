"""Development tasks: ``nox`` runs all checks, ``nox -s lint`` one of them."""

import re
import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the fast tests, or those that the arguments name."""
    session.install(".[dev]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, and who imports whom."""
    session.install(".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package."""
    session.install(".[lint]")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, with warnings as errors, and check the links inside it."""
    session.install(".[docs]")
    options = ["-W", "--keep-going", "-j", "auto", "-b", "html"]
    session.run("sphinx-build", *options, "docs", "docs/_build/html")
    session.run("python", "docs/check_site.py", "docs/_build/html")


@nox.session(python="3.11")
def minimum(session: nox.Session) -> None:
    """Run the fast tests with the oldest versions that pyproject.toml allows."""
    constraints = f"{session.create_tmp()}/minimum.txt"
    session.run("python", ".ci/minimum.py", constraints)
    session.install(".[dev]", "-c", constraints)
    options = ["--cases", "2", "-W", "default::DeprecationWarning"]
    session.run("python", "-m", "pytest", *options, *session.posargs)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Measure what the fast tests run, and fail below the shares of pyproject.toml."""
    output = f"{session.create_tmp()}/coverage.json"
    session.install("-e", ".[dev]", "pytest-cov>=7,<8", "coverage>=7.10.6,<8")
    session.run("python", "-m", "pytest", "-n", "2", "--cov", "--cov-report=", *session.posargs)
    session.run("coverage", "report", "--skip-covered", "--show-missing")
    session.run("coverage", "json", "-q", "-o", output)
    session.run("python", ".ci/coverage_shares.py", output)


@nox.session(default=False)
def thorough(session: nox.Session) -> None:
    """Run the slow tests with all cases, as many as the documentation tells."""
    session.install(".[dev]")
    options = ["-n", "2", "--dist", "worksteal", "-m", "slow or thorough"]
    session.run("python", "-m", "pytest", *options, *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Change the code at random places and see whether tests notice: -- TOPIC --number 40."""
    session.install("-e", ".[dev]", "mutmut>=3.8,<3.9")
    folder = f"{session.create_tmp()}/mutation"
    session.run("python", ".ci/mutation.py", folder, *session.posargs)


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build the package into dist/, and run the fast tests of the sdist with the wheel.

    An argument such as v0.1.0 is the tag of a release, whose version has to be that of the package.
    Other arguments are for pytest, such as the tests to run.
    """
    work = Path(session.create_tmp()).absolute()
    tags = [text for text in session.posargs if re.match(r"v\d", text)]
    options = [text for text in session.posargs if text not in tags]
    shutil.rmtree("dist", ignore_errors=True)
    shutil.rmtree(work / "unpacked", ignore_errors=True)
    session.install("build>=1.2", "twine>=6")
    session.run("python", ".ci/package.py", "version", *tags)
    session.run("python", "-m", "build")
    session.run("python", ".ci/package.py", "unpack", str(work / "unpacked"))
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    session.run("python", "-m", "venv", "--clear", str(work / "fresh"))
    python = str(work / "fresh" / "bin" / "python")
    (wheel,) = Path("dist").glob("*.whl")
    session.run(python, "-m", "pip", "install", "-q", f"{wheel}[dev]", external=True)
    session.chdir(work / "unpacked")
    tests = options or ["tests", "--pyargs", "xprofile"]
    session.run(python, "-m", "pytest", "-q", "-n", "2", *tests, external=True)


@nox.session(default=False)
def planar_tables(session: nox.Session) -> None:
    """Write tests/binned/members/planar_pixels.json, the pixels of regions by regions < 0.12."""
    session.install("regions<0.12", "astropy")
    session.run("python", "tests/binned/members/freeze_planar.py", env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def cf(session: nox.Session) -> None:
    """Check netCDF files by the CF conventions."""
    session.install(".", "compliance-checker>=6.1,<7")
    session.run("python", "tests/exchange/cf_conventions.py", env={"PYTHONPATH": "tests"})


# what each version of Gammapy was made for: newer ones of these break it
GAMMAPY = {
    "2.1": ["regions<0.12"],
    "1.3": ["regions<0.12", "numpy<2.3", "scipy<1.16", "astropy<7"],
}


@nox.session(python="3.11", default=False)
@nox.parametrize("gammapy", list(GAMMAPY))
def gammapy(session: nox.Session, gammapy: str) -> None:
    """Exchange profiles and maps with Gammapy, both ways."""
    of_tests = ("pytest", "hypothesis", "pandas", "healpy")
    session.install(".[healpix]", f"gammapy=={gammapy}", *GAMMAPY[gammapy], *of_tests)
    names = ["exchange", "healpix", "maps", "observations", "predict"]
    if gammapy != "1.3":  # which has no sensitivities of profiles
        names.append("sensitivity")
    modules = [f"tests/exchange/gammapy_{name}.py" for name in names]
    options = ["-q", "-s", "-W", "ignore", "--cases", "0"]
    session.run("python", "-m", "pytest", *options, *modules, *session.posargs)


XDGGS = ("xdggs>=0.6,<0.7", "healpy>=1.19,<2")


@nox.session(python="3.11", default=False)
def xdggs(session: nox.Session) -> None:
    """Decode HEALPix maps by xdggs, and exchange them with healpy."""
    session.install(".[dev]", *XDGGS)
    options = ["-q", "-W", "ignore", "--cases", "0"]
    modules = ("tests/exchange/xdggs_healpix.py", "tests/exchange/healpy_files.py")
    session.run("python", "-m", "pytest", *options, *modules)


@nox.session(python="3.11", default=False)
def benchmark(session: nox.Session) -> None:
    """Time xprofile beside Gammapy 1.3 and 2.1, and beside its other yardsticks.

    Fresh processes of each have no more than what it needs.
    """
    folder = session.create_tmp()
    session.install(".[dev]", "healpy")
    session.run("python", "-m", "venv", f"{folder}/plain")
    plain = f"{folder}/plain/bin/python"
    session.run(plain, "-m", "pip", "install", "-q", ".", external=True)
    if "--quick" not in session.posargs:
        for version, pins in GAMMAPY.items():
            session.run("python", "-m", "venv", f"{folder}/{version}")
            python = f"{folder}/{version}/bin/python"
            session.run(
                python, "-m", "pip", "install", "-q", f"gammapy=={version}", *pins, external=True
            )
            output = f"{folder}/gammapy-{version}.json"
            session.run(python, "benchmarks/gammapy_cases.py", output, external=True)
    options = ["--gammapy", folder, "--python", plain, *session.posargs]
    session.run("python", "benchmarks/run.py", *options)

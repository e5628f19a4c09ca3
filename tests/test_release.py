"""What a release says of itself is the same everywhere, and workflows name what there is."""

import ast
import json
import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

import xprofile
from xprofile.exceptions import DISTRIBUTION, MissingPackageError

ROOT = Path(__file__).parents[1]
PACKAGE = Path(xprofile.__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# https://developers.zenodo.org, "Deposit metadata"
ZENODO = {
    *("title", "upload_type", "description", "creators", "version", "license", "access_right"),
    *("language", "keywords", "related_identifiers", "communities", "contributors", "grants"),
    *("notes", "publication_date", "references"),
}


def test_the_package_is_installed_under_its_name():
    assert PROJECT["name"] == DISTRIBUTION
    assert xprofile.__version__ == PROJECT["version"]
    engines = [entry for entry in entry_points(group="xarray.backends") if entry.name == "xprofile"]
    assert DISTRIBUTION in {entry.dist.name for entry in engines}


def test_citation_and_zenodo_say_what_the_package_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert set(zenodo) <= ZENODO
    for found, summary in ((citation, "abstract"), (zenodo, "description")):
        assert found["title"] == "xprofile"
        assert found[summary] == PROJECT["description"]
        for key in ("version", "license", "keywords"):
            assert found[key] == PROJECT[key], key
    names = [author["name"] for author in PROJECT["authors"]]
    assert [author["name"] for author in citation["authors"]] == names
    assert [creator["name"] for creator in zenodo["creators"]] == names


def calls_of_extras():
    """Package and extra of each error of a missing package."""
    for path in PACKAGE.rglob("*.py"):
        if "of_extra(" in (text := path.read_text(encoding="utf-8")):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "of_extra":
                    yield tuple(ast.literal_eval(argument) for argument in node.args[1:])


def test_extras_have_the_packages_that_errors_name():
    found = set(calls_of_extras())
    assert len(found) == 5
    for package, extra in found:
        assert package in {re.split(r"[\[>=]", text)[0] for text in EXTRAS[extra]}


def test_errors_say_how_to_install_what_is_missing():
    error = MissingPackageError.of_extra("fits of shapes need", "iminuit", "fit")
    assert str(error) == (
        "fits of shapes need the package iminuit: pip install iminuit, or pip install "
        '"xprofile-sky[fit]"'
    )


def commands(workflow):
    """Commands of a workflow, with each value of its matrix."""
    for job in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {"": [""]})
        ((key, values),) = matrix.items()
        for step in job["steps"]:
            for value in values if "matrix" in step.get("run", "") else values[:1]:
                yield step.get("run", "").replace(f"${{{{ matrix.{key} }}}}", value)


def sessions():
    """Names of the nox sessions, with the Python versions of `tests`."""
    for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
    for text in PROJECT["classifiers"]:
        if version := re.search(r"Python :: (3\.\d+)$", text):
            yield f"tests-{version[1]}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_sessions_that_exist(workflow):
    named = re.findall(r'nox -s "?([\w.-]+)', "\n".join(commands(workflow)))
    assert named
    assert set(named) <= set(sessions())


def test_each_python_version_is_tested():
    (checks,) = (path for path in WORKFLOWS if path.stem == "checks")
    named = re.findall(r'nox -s "?(tests-[\d.]+)', "\n".join(commands(checks)))
    assert sorted(named) == sorted(name for name in sessions() if name.startswith("tests-"))
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert all(f'"{name.removeprefix("tests-")}"' in text for name in named)

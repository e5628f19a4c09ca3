"""The examples of accessor methods call methods, and give what they say."""

import doctest
import inspect
from importlib import import_module

import matplotlib.pyplot as plt
import pytest

from xprofile.accessor.base import _CLASSES
from xprofile.accessor.delegation import _Delegate, full_names
from xprofile.accessor.examples import examples_of_method, replace_examples


def methods():
    """Methods of all stages, each once, although several stages may share one."""
    found = {}
    for module, name in _CLASSES.values():
        cls = getattr(import_module(f"xprofile.accessor.{module}"), name)
        for attribute in dir(cls):
            method = inspect.getattr_static(cls, attribute)
            if isinstance(method, _Delegate):
                found[id(method)] = pytest.param(cls, attribute, id=f"{module}-{attribute}")
    return list(found.values())


@pytest.mark.parametrize(("cls", "name"), methods())
def test_examples(cls, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(getattr(cls, name))
    [example] = doctest.DocTestFinder(recurse=False).find(text, f"{cls.__name__}.{name}", globs={})
    calls = [line.source for line in example.examples if f".profile.{name}(" in line.source]
    assert calls, "no line of the examples calls the method"
    found = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    plt.close("all")
    assert found.attempted
    assert not found.failed


def in_a_docstring(examples):
    return f"Do it.\n\nExamples\n--------\n{examples}\n\nNotes\n-----\nxprofile.f(a) stays.\n"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (">>> xprofile.f(a)", ">>> a.profile.g()"),
        (">>> xprofile.f(a, 4)", ">>> a.profile.g(4)"),
        (">>> xprofile.f(a[1, 2], b=(3, 4)).x", ">>> a[1, 2].profile.g(b=(3, 4)).x"),
        (">>> xprofile.plot.f(a)", ">>> a.profile.g()"),
        (">>> b = [xprofile.f(a), xprofile.f(h(c, d), 1)]",
         ">>> b = [a.profile.g(), h(c, d).profile.g(1)]"),
        (">>> xprofile.f(\n...     a, 4\n... )", ">>> a.profile.g(\n...     4\n... )"),
        (">>> xprofile.f(xprofile.f(a), 1)", ">>> a.profile.g().profile.g(1)"),
        (">>> xprofile.ff(a), myxprofile.f(a), f(a)", ">>> xprofile.ff(a), myxprofile.f(a), f(a)"),
    ],
)  # fmt: skip
def test_calls_become_methods(written, wanted):
    found = examples_of_method(in_a_docstring(written), "f", "g")
    assert found == in_a_docstring(wanted)


def test_other_examples_take_their_place():
    found = replace_examples(in_a_docstring(">>> 1\n1"), ">>> r'\\1'\n'\\\\1'\n")
    assert found == in_a_docstring(">>> r'\\1'\n'\\\\1'")


def test_docstrings_without_examples_stay():
    assert examples_of_method("Do it.", "f", "g") == "Do it."


def test_names_of_functions_are_written_in_full():
    def function(data, quantity):
        """Do nothing."""

    text = "As `estimate`, ``estimate``, `quantity`, `xprofile.fold`, `plot_sky` and `name` do."
    assert full_names(text, function) == (
        "As `xprofile.estimate`, ``estimate``, `quantity`, `xprofile.fold`, "
        "`xprofile.plot.plot_sky` and `name` do."
    )

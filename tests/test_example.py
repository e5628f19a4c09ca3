"""The examples run, and leave what they say."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


SKIES = ["galactic-center-sim", pytest.param("fermi-3fhl-gc", marks=pytest.mark.slow)]


def run(name, *arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


@pytest.mark.parametrize("data", SKIES)
def test_flux_profile(data, tmp_path, monkeypatch, capsys, request):
    if data == "fermi-3fhl-gc":
        request.getfixturevalue("gammapy_data")
    run("flux_profile.py", "--data", data, "--out", tmp_path, monkeypatch=monkeypatch)
    written = {path.suffix for path in tmp_path.iterdir()}
    assert written == {".png", ".nc", ".fits"}
    shown = capsys.readouterr()
    assert "ProfileEstimator" in shown.out
    assert "flux_ul" in shown.out
    assert shown.err == ""


@pytest.mark.slow
def test_shell(tmp_path, monkeypatch, capsys):
    run("shell.py", "--out", tmp_path, monkeypatch=monkeypatch)
    assert [path.name for path in tmp_path.iterdir()] == ["shell.png"]
    shown = capsys.readouterr()
    assert "over position_angle" in shown.out
    assert shown.err == ""

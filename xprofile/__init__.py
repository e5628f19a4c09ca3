"""Gamma-ray flux profiles from map cubes, as labelled xarray Datasets."""

from importlib.metadata import version

__version__ = version("xprofile")

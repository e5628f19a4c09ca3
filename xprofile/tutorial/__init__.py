"""Example data: a simulated sky, and a real one of the Fermi-LAT."""

from .opening import open_maps
from .simulation import INDEX, SOURCES, Source, simulate_maps, source_flux

__all__ = ["INDEX", "SOURCES", "Source", "open_maps", "simulate_maps", "source_flux"]

"""Regions of a list taken apart, and compounds put together again by their operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from regions import CompoundSkyRegion

from ...exceptions import InvalidBinsError
from .leaves import check_kind

__all__ = ["Compounds"]

Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

# index among the parts of a compound, and whether the part is what lies outside; or an operator
# and its two operands
Tree: TypeAlias = "tuple[int, bool] | tuple[Any, Tree, Tree]"


@dataclass(frozen=True, eq=False)
class Compounds:
    """The regions of a list as parts, and how compounds are made of them.

    Parameters
    ----------
    parts : tuple
        Regions that are not compounds.
    plain : numpy.ndarray of int
        Number in the list of each part that is a region of the list; -1 for parts of compounds.
    alike : list of tuple
        Tree, numbers in the list (n,) and numbers of their parts (n, npart) of the compounds of
        each structure.
    """

    parts: tuple[Any, ...]
    plain: Int
    alike: list[tuple[Tree, Int, Int]]

    @classmethod
    def from_regions(cls, regions: Sequence[Any]) -> Compounds:
        """Take the regions of a list apart.

        Raises
        ------
        InvalidBinsError
            If a region or a part has no area, or a compound is what lies outside its parts.
        """
        parts: list[Any] = []
        plain: list[int] = []
        alike: dict[Tree, tuple[list[int], list[range]]] = {}
        for number, region in enumerate(regions):
            first = len(parts)
            tree = _take_apart(region, parts, first)
            if not isinstance(region, CompoundSkyRegion):
                plain.append(number)
                continue
            plain += [-1] * (len(parts) - first)
            if _combine(tree, np.zeros((1, len(parts) - first), bool))[0]:
                raise InvalidBinsError(
                    f"region {number} is a compound of all that lies outside its parts; combine it "
                    "with a region that holds what is wanted, such as circle & compound"
                )
            numbers, slots = alike.setdefault(tree, ([], []))
            numbers.append(number)
            slots.append(range(first, len(parts)))
        found = [(t, np.array(n), np.array([list(s) for s in r])) for t, (n, r) in alike.items()]
        return cls(tuple(parts), np.array(plain, int), found)

    def evaluate(
        self, number: Int, test: Callable[[Int, Int], tuple[Bool, Bool]]
    ) -> tuple[Bool, Bool]:
        """Whether the places of pairs are in their regions, and whether that is not sure.

        Parameters
        ----------
        number : numpy.ndarray of int
            Number in the list of each pair's region, (npair,).
        test : callable
            Takes numbers of parts and indices of pairs, and tells the same of the parts.
        """
        inside, unsure = np.zeros(number.size, bool), np.zeros(number.size, bool)
        part_of = np.full(int(number.max(initial=0)) + 1, -1)
        listed = np.flatnonzero((self.plain >= 0) & (self.plain < part_of.size))
        part_of[self.plain[listed]] = listed
        simple = np.flatnonzero(part_of[number] >= 0)
        if simple.size:
            inside[simple], unsure[simple] = test(part_of[number[simple]], simple)
        for tree, numbers, slots in self.alike:
            place = np.minimum(np.searchsorted(numbers, number), numbers.size - 1)
            pairs = np.flatnonzero(numbers[place] == number)
            parts = slots[place[pairs]]
            index = np.repeat(pairs, parts.shape[1])
            of_parts, not_sure = test(parts.ravel(), index) if pairs.size else (inside[:0],) * 2
            inside[pairs] = _combine(tree, of_parts.reshape(parts.shape))
            unsure[pairs] = not_sure.reshape(parts.shape).any(axis=1)
        return inside, unsure

    @property
    def owner(self) -> Int:
        """Number in the list of the region that each part belongs to, (npart,)."""
        found = self.plain.copy()
        for _, numbers, slots in self.alike:
            found[slots] = numbers[:, None]
        return found

    def combine(self, part: Int, index: Int) -> tuple[Int, Int]:
        """Pairs of a region of the list and a direction, from those of the parts (npair,)."""
        if not self.alike:
            return self.plain[part], index
        plain = self.plain[part]
        bins, indices = [plain[plain >= 0]], [index[plain >= 0]]
        for tree, numbers, slots in self.alike:
            owner = np.full(self.plain.size, -1)
            slot = np.zeros(self.plain.size, int)
            owner[slots] = np.arange(numbers.size)[:, None]
            slot[slots] = np.arange(slots.shape[1])
            chosen = np.flatnonzero(owner[part] >= 0)
            size = int(index.max(initial=0)) + 1
            key, place = np.unique(owner[part[chosen]] * size + index[chosen], return_inverse=True)
            table = np.zeros((key.size, slots.shape[1]), bool)
            table[place.ravel(), slot[part[chosen]]] = True
            compound, found = np.divmod(key[_combine(tree, table)], size)
            bins.append(numbers[compound])
            indices.append(found)
        return np.concatenate(bins), np.concatenate(indices)


def _take_apart(region: Any, parts: list[Any], first: int) -> Tree:
    """Append the parts of a region, and return how it is made of them."""
    if isinstance(region, CompoundSkyRegion):
        left, right = (_take_apart(r, parts, first) for r in (region.region1, region.region2))
        return region.operator, left, right
    check_kind(region)
    parts.append(region)
    meta = getattr(region, "meta", None) or {}
    return len(parts) - 1 - first, not meta.get("include", True)


def _combine(tree: Tree, table: Bool) -> Bool:
    """Whether directions are in a compound, from whether they are in its parts, (n, npart)."""
    if len(tree) == 2:
        slot, outside = tree
        return np.asarray(table[:, slot] != outside)
    operator, left, right = tree
    return np.asarray(operator(_combine(left, table), _combine(right, table)), bool)

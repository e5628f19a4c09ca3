"""Which cases of a parametrised test the fast suite, the slow and the thorough one run."""

import pytest


def group(item):
    """Test function of an item: the id without the case."""
    return item.nodeid.partition("[")[0]


def choices(item):
    """Value of each parametrisation, by identity: those of one ``parametrize`` belong together."""
    callspec = getattr(item, "callspec", None)
    left = dict(callspec.params) if callspec else {}
    found = set()
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs["argnames"]
        names = tuple(n.strip() for n in names.split(",")) if isinstance(names, str) else names
        found.add((tuple(names), tuple(id(left.pop(name)) for name in names if name in left)))
    return found | {((name,), (id(value),)) for name, value in left.items()}


def representatives(cases, number):
    """Pick the positions of at most `number` cases.

    Each value of each parametrisation occurs once at least, not each with each. If these are too
    many, those that are evenly spaced remain, with the first and the last.
    """
    seen, picked = set(), set()
    for position, case in enumerate(cases):  # first those that are new in all
        if not case & seen:
            picked.add(position)
            seen |= case
    for position, case in enumerate(cases):
        if case - seen:
            picked.add(position)
            seen |= case
    picked = sorted(picked)
    if len(picked) <= number:
        return picked
    last = len(picked) - 1
    return [picked[round(n * last / max(number - 1, 1))] for n in range(number)]


FURTHER = 8  # cases of each function in the slow suite, beside those of the fast one


def left_to_other_suites(items, number):
    """Items that the fast suite leaves to the slow one, and those that both leave to the thorough.

    The fast suite has all cases of tests marked quick, one of those marked heavy, and `number` of
    others.
    """
    slow, thorough, groups = [], [], {}
    for item in items:
        if not any(map(item.get_closest_marker, ("slow", "quick", "thorough"))):
            groups.setdefault(group(item), []).append(item)
    for members in groups.values():
        most = 1 if members[0].get_closest_marker("heavy") else number
        if len(members) > most:
            picked = set(representatives([choices(item) for item in members], most))
            left = [item for n, item in enumerate(members) if n not in picked]
            further = set(representatives([choices(item) for item in left], FURTHER))
            for n, item in enumerate(left):
                (slow if n in further else thorough).append(item)
    return slow, thorough


def one_in(share, cases):
    """Mark cases of a random test: one in `share` for the slow suite, others as thorough."""
    marks = [pytest.mark.slow, *[pytest.mark.thorough] * (share - 1)]
    values = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*value, marks=marks[n % share]) for n, value in enumerate(values)]

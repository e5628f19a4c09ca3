"""Statistics in 50 digits and more, one problem at a time, written independently of the package.

A problem is a list of parts, one for each data set. A part is a name and tuples of numbers of its
fine bins: ``("cash", n, s, b)``, ``("free", n, s, b)`` with a free norm of the background, or
``("wstat", n, s, m, alpha)``.
"""

import mpmath

DIGITS = 80  # 50 digits are left where terms of 1e30 cancel


def value_and_slope(parts, x):
    """Return the statistic at a norm and its slope; infinite beyond a wall."""
    with mpmath.workdps(DIGITS):
        found = [_PARTS[name](mpmath.mpf(x), *map(_exact, arrays)) for name, *arrays in parts]
        values, slopes = zip(*found, strict=True)
        return mpmath.fsum(values), mpmath.fsum(slopes)


def _exact(values):
    return [mpmath.mpf(float(value)) for value in values]


def _cash(x, n, s, b):
    value = slope = mpmath.mpf(0)
    for counts, signal, background in zip(n, s, b, strict=True):
        if signal == 0:
            continue
        mu = x * signal + background
        if counts > 0 and mu <= 0:
            return mpmath.inf, -mpmath.inf
        if mu > 0:
            value += mu - (counts * mpmath.log(mu) if counts else 0)
            slope += signal * (1 - counts / mu)
    return 2 * value, 2 * slope


def _wstat(x, n, s, m, alpha):
    value = slope = mpmath.mpf(0)
    for on, signal, off, a in zip(n, s, m, alpha, strict=True):
        t = x * signal
        if t >= 0:
            q = (1 + a) * t - a * (on + off)
            b = (mpmath.sqrt(q * q + 4 * a * (1 + a) * off * t) - q) / (2 * a * (1 + a))
            mu = t + a * b
        else:
            q = (1 + a) * t + a * (on + off)
            mu = (mpmath.sqrt(q * q - 4 * a * (1 + a) * on * t) + q) / (2 * (1 + a))
            b = (mu - t) / a
        value += mu - (on * mpmath.log(mu) if on else 0) + b - (off * mpmath.log(b) if off else 0)
        slope += signal * (1 - on / mu if mu > 0 else (off / b - 1) / a if b > 0 else 0)
    return 2 * value, 2 * slope


def _free(x, n, s, b):
    """The minimum over the norm of the background, and its slope along the best norms."""
    rows = [row for row in zip(n, s, b, strict=True) if row[1] > 0 or row[2] > 0]
    if any(counts > 0 and background == 0 and x <= 0 for counts, _, background in rows):
        return mpmath.inf, -mpmath.inf
    norm, held, share = _background_norm(x, [row for row in rows if row[2] > 0])
    value = slope = mpmath.mpf(0)
    for row in rows:
        counts, signal, background = row
        mu = x * signal + norm * background
        if row is held:  # on its kink, which moves with x
            slope += share * signal
        elif mu > 0:
            value += mu - (counts * mpmath.log(mu) if counts else 0)
            slope += signal * (1 - counts / mu)
    return 2 * value, 2 * slope


def _background_norm(x, rows):
    """Best norm, the empty fine bin on whose kink it is, and the share of that one that grows."""
    full = [(counts, x * signal / b, b) for counts, signal, b in rows if counts > 0]
    kinks = [(-x * row[1] / row[2], row) for row in rows if row[0] == 0]
    kinks.sort(key=lambda kink: kink[0], reverse=True)
    for i in range(len(kinks) + 1):  # without the empty fine bins of the i highest kinks
        linear = mpmath.fsum([row[2] for _, row in kinks[i:]] + [b for _, _, b in full])
        norm = max(_balance(full, linear), 0) if full else mpmath.mpf(0)
        if i == len(kinks) or norm >= kinks[i][0]:
            return norm, None, 0
        end, row = kinks[i]
        if end > 0 and full:
            rest = _slope(full, linear - row[2], end)
            if rest <= 0:
                return end, row, -rest / row[2]
    raise AssertionError("the last round returns")


def _slope(full, linear, norm):
    return linear - mpmath.fsum(counts / (ratio + norm) for counts, ratio, _ in full)


def _balance(full, linear):
    """Root of a concave function, by Newton's method from below."""
    norm = max(counts / linear - ratio for counts, ratio, _ in full)
    for _ in range(500):
        slope = _slope(full, linear, norm)
        step = -slope / mpmath.fsum(counts / (ratio + norm) ** 2 for counts, ratio, _ in full)
        norm += step
        if abs(step) <= mpmath.mpf(10) ** (8 - DIGITS) * abs(norm):
            break
    return norm


_PARTS = {"cash": _cash, "wstat": _wstat, "free": _free}

"""The last 32 fits, so that several outputs of one model cost one fit.

A sheet asks for forecasts, standard errors and histories of the same returns one cell at a
time. The core caches nothing; the worksheet functions share this one store.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

SIZE = 32
Fit = TypeVar("Fit")


class _Entry:
    """One fit, or the place where a thread is computing it while others wait."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fit: Any = None


class FitStore:
    """Fits by key, the longest unused dropped first; safe to use from several threads.

    >>> store = FitStore(size=1)
    >>> [store.get(key, lambda key=key: key.upper()) for key in ("a", "a", "b")]
    ['A', 'A', 'B']
    >>> len(store)
    1
    """

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget every fit."""
        with self._lock:
            self._entries.clear()

    def get(self, key: Hashable, compute: Callable[[], Fit]) -> Fit:
        """The fit under ``key``, computed once; a failure is not kept."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self.size:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.fit is None:
                entry.fit = compute()
            return cast(Fit, entry.fit)


def fingerprint(value: Any) -> Hashable:
    """A key that is equal for equal content: numbers, labels, text, tables of them."""
    if isinstance(value, pd.DataFrame):
        labels = value.index.to_numpy()
        rows = tuple(labels) if labels.dtype == object else fingerprint(labels)
        return (fingerprint(value.to_numpy()), tuple(value.columns), rows)
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        digest = hashlib.blake2b(array.tobytes(), digest_size=16).digest()
        return (array.shape, str(array.dtype), digest)
    return cast(Hashable, value)


FITS = FitStore()


def cached_fit(estimator: Callable[..., Fit], *data: Any, **settings: Any) -> Fit:
    """``estimator(*data, **settings)``, from the store where it has been computed before."""
    key = (
        f"{estimator.__module__}.{estimator.__qualname__}",
        tuple(fingerprint(item) for item in data),
        tuple((name, fingerprint(settings[name])) for name in sorted(settings)),
    )
    return FITS.get(key, lambda: estimator(*data, **settings))

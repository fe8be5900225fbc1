"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

import importlib
import pkgutil

import benchmarks

for module in pkgutil.iter_modules(benchmarks.__path__):
    if module.name != "__main__":
        print(f"# {module.name}", flush=True)
        importlib.import_module(f"benchmarks.{module.name}").main()

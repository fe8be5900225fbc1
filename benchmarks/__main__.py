"""`make bench`: the benchmarks, one after the other, each in a process of its own.

python -m benchmarks                     # every part
python -m benchmarks viewshed loading    # these parts
python -m benchmarks viewshed --small    # what follows is passed on to each part
"""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys

import benchmarks


def main() -> int:
    """Run the parts that are named, or all; 1 when one of them failed."""
    parts = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Timings beside other libraries."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    asked, options = parser.parse_known_args()
    unknown = sorted(set(asked.parts) - set(parts))
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(parts)}")
    failed = []
    for part in asked.parts or parts:
        print(f"# {part}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{part}", *options]
        if subprocess.run(command, check=False).returncode:
            failed.append(part)
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

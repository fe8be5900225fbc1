"""``python -m data.synthetic [--large] [--seed N] [--if-empty]``: build the synthetic city into DATABASE_URL."""

from __future__ import annotations

import argparse
import os
import sys
import time

from data.errors import PorchlightError
from data.store import open_store
from data.synthetic.city import SEED
from data.synthetic.write import build, is_empty


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the city is built, 1 when it cannot be, 2 when the call was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m data.synthetic",
        description="Builds the synthetic city into the store that DATABASE_URL names.",
    )
    parser.add_argument(
        "--seed", type=int, default=SEED, help="any whole number from 0 on; the same one gives the same city"
    )
    parser.add_argument(
        "--large", action="store_true", help="a city for benchmarks: 1 million incidents, 100,000 cameras"
    )
    parser.add_argument(
        "--if-empty",
        action="store_true",
        help="build only where DATABASE_URL is not set and nothing has been loaded or registered yet",
    )
    chosen = parser.parse_args(arguments)
    if chosen.seed < 0:
        parser.error("a seed is a whole number from 0 on")
    started = time.perf_counter()
    try:
        store = open_store()
        try:
            if chosen.if_empty and ("DATABASE_URL" in os.environ or not is_empty(store)):
                print("Nothing to build: the records are there.")
                return 0
            city = build(store, seed=chosen.seed, size="large" if chosen.large else "town")
        finally:
            store.close()
    except PorchlightError as error:
        print(error)
        return 1
    print(
        f"Built the synthetic city (seed {city.seed}): {len(city.buildings):,} buildings, {len(city.incidents):,} "
        f"incidents, {len(city.owners):,} owners with {len(city.cameras):,} cameras, "
        f"in {time.perf_counter() - started:.1f} s."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

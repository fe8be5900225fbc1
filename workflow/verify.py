"""`python -m workflow.verify [--receipt FILE]`: is the ledger whole, and does it keep what a receipt promised?

Exits 0 when it is, 1 when it is not or cannot be read, 2 when the call was wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data.errors import PorchlightError
from data.store import open_store
from workflow import ledger


def main(arguments: list[str] | None = None) -> int:
    """The command; the answer is its exit code."""
    parser = argparse.ArgumentParser(prog="python -m workflow.verify", description=__doc__.splitlines()[0])
    parser.add_argument("--receipt", type=Path, help="a receipt to check against the ledger")
    options = parser.parse_args(arguments)
    text = None
    if options.receipt is not None:
        try:
            text = options.receipt.read_text()
        except (OSError, UnicodeDecodeError) as reason:
            print(f"The receipt {options.receipt} cannot be read: {reason}.", file=sys.stderr)
            return 2
    try:
        store = open_store()
        found = ledger.verify(store)
        problems = list(found.problems)
        if text is not None:
            problems += ledger.check_receipt(store, text)
        store.close()
    except PorchlightError as error:
        print(error)
        return 1
    for problem in problems:
        print(problem)
    if problems:
        print(f"NOT verified: {len(problems)} problems in {found.size} entries.")
        return 1
    with_receipt = " The receipt is kept." if text is not None else ""
    print(f"Verified: {found.size} entries, root {found.root.hex()}.{with_receipt}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

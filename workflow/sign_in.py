"""`python -m workflow.sign_in --name NAME --role ROLE`: a sign-in link for a member of staff, until real sign-in.

Exits 0 when the link is made, 1 when it cannot be, 2 when the call was wrong.
"""

from __future__ import annotations

import argparse
import sys

from data.errors import PorchlightError
from data.roles import ROLES
from data.store import open_store
from workflow.identity import LINK_LENGTH, make_link


def main(arguments: list[str] | None = None) -> int:
    """The command; the answer is its exit code."""
    parser = argparse.ArgumentParser(prog="python -m workflow.sign_in", description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, help="as colleagues know them")
    parser.add_argument("--role", required=True, choices=list(ROLES))
    parser.add_argument("--address", default="http://127.0.0.1:8501", help="where Porchlight is served")
    options = parser.parse_args(arguments)
    try:
        store = open_store()
        token = make_link(options.name, options.role, store=store)
        store.close()
    except PorchlightError as error:
        print(error)
        return 1
    minutes = LINK_LENGTH.seconds // 60
    print(f"Open this within {minutes} minutes; it works once: {options.address}/?sign_in={token}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

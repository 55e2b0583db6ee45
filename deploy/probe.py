"""Health check of a container: 0 when the address answers 200. Needs nothing but Python."""

import sys
import urllib.error
import urllib.request


def main() -> int:
    """Ask the address given as the only argument."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:  # noqa: S310 -- our own
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""Which tests go together to one process of pytest-xdist, and which begin.

A file's tests stay together; so do the files that load the demo, which takes half a minute. The
longest begin, lest one process still works on them when the other has ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xdist.scheduler import LoadFileScheduling

# Files that begin with this share one loaded demo.
DEMO = "tests/portal/test_seed_demo"
# The longest, by the seconds they take; a file that is not named here costs nothing but balance.
LONGEST = (
    "tests/test_permissions.py",
    # Needs no migrated database, while the first process makes it for all.
    "tests/portal/test_up.py",
    DEMO,
    "tests/members/test_fuzz_inside.py",
    "tests/reports/test_night_lives.py",
    "tests/members/test_fuzz.py",
    "tests/portal/test_bench.py",
    "tests/browser/test_admin_pages.py",
    "tests/members/test_signup_faults.py",
    "tests/browser/test_join_form.py",
    "tests/browser/test_line.py",
    "tests/portal/test_admin_budgets.py",
    "tests/reports/test_nightly.py",
    "tests/reports/test_baseline_versions.py",
    "tests/browser/test_me.py",
    "tests/members/test_random_lives.py",
    "tests/reference/test_loading.py",
    "tests/members/test_messages_worker.py",
    "tests/reports/test_rows.py",
    "tests/portal/test_admin_site.py",
    "tests/reports/test_forecast_method.py",
    "tests/members/test_no_oracle.py",
    "tests/members/test_no_oracle_limits.py",
    "tests/browser/test_map_and_screen.py",
    "tests/unions/test_exchange.py",
    "tests/browser/test_nothing_personal.py",
    "tests/browser/test_proving.py",
)


def share_of(node_id: str) -> str:
    """The file of a test, or what it shares with other files."""
    return DEMO if node_id.startswith(DEMO) else node_id.partition("::")[0]


def order_of(node_ids: Sequence[str]) -> list[int]:
    """The places of the tests in the order in which they are handed out: whole files, the longest
    first, then those with most tests; inside a file as they stand."""
    shares = [share_of(node_id) for node_id in node_ids]
    size = Counter(shares)
    rank = {share: place for place, share in enumerate(LONGEST)}
    return sorted(
        range(len(shares)),
        key=lambda at: (rank.get(shares[at], len(rank)), -size[shares[at]], shares[at]),
    )


class SharingOut(LoadFileScheduling):
    """``--dist loadfile`` in our order, with our notion of what stays together."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)

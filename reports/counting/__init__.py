"""From the ledger to published figures: a history once, then the changes of each night.

``history``: the first count. ``posting``: what is new tonight. ``rolling``: up the tree, part by
part. ``verifying``: the whole ledger against what stands. Definitions: docs/metrics.md.
"""

# 2: joinings of people who had been members before are counted apart from first joinings.
DEFINITION_VERSION = 2

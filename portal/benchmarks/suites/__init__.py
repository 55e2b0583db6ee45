"""What can be measured, by name. The suite ``import`` comes with the import of members.

Each module has ``run(sizes)``, which yields rows; it runs in a process and a database of its own.
"""

# The suites of the product, in the order they run, and those behind decisions in docs/adr.
PRODUCT = ("signup", "nightly", "dashboard", "lists", "nearest")
DECISIONS = ("paths", "encryption", "counts")
# Grows one database in stages, and is therefore measured alone.
SCALE = "scale"
NAMES = (*PRODUCT, *DECISIONS, SCALE)

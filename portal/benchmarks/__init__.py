"""``manage.py bench``: what the portal does in a second, beside what the engine could do.

Every measurement runs in a database of its own, cloned from a template filled by COPY, inside the
PostgreSQL server that is running (or a private one when none is), with a private Valkey; nothing
listens beyond the loopback. See docs/benchmarks.md.
"""

"""Where workers rest, drink and ask: service stations on a map.

May import members and below; not campaigns, activities or reports.
"""

"""Who logs in: users and their log-in.

May import reference and core.
"""

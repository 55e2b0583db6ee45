"""Who did what, when: an entry in the same transaction as the deed.

May import accounts and below.
"""

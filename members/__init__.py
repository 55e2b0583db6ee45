"""From the scanned code to the membership: applications, members, the ledger of their events.

May import enterprises and below.
"""

"""What unions do for members: service events, grants, duties; each comes with its first record.

May import members and below; not campaigns, stations or reports.
"""

"""What the state defines and we look up: regions, worker groups, code lists.

May import core.
"""

"""The night's counting and what leaders see in the morning.

May import every other app except portal.
"""

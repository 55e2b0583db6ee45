"""What every app stands on: errors, locks, encryption, masking, throttling, pagination.

No tables. Imports nothing of the portal; everybody may import it.
"""

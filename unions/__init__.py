"""The tree of unions, the officials appointed in it, and what each of them may see.

May import audit and below.
"""

"""Employers, what they report and the numbers that rates are divided by.

May import unions and below.
"""

"""The house itself: settings, URLs, Celery, the embedded engines and the home page.

May import every app; nobody imports it.
"""

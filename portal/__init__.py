"""The house itself: settings, URLs, Celery, the embedded engines and the home page.

May import every app; nobody imports it.
"""

import gc

# Start-up makes half a million objects that stay, and Python's own threshold (700) walks over them
# again and again to find none to free: a tenth of the time of every start, a quarter of `migrate`.
gc.set_threshold(50_000, 20, 20)

"""通报: how far the units of a campaign are on a day, as a circular (PDF) and as tables (xlsx).

``content`` reads the figures, ``wording`` says them, ``paper`` and ``workbook`` set them. Every
figure is the one the dashboard shows for the same day.
"""

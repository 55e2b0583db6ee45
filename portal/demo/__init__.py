"""The demonstration: five published documents, and the synthetic register that stands behind them.

Figures, targets, phases and dates come from the papers named in each row of ``data/*.csv``. What
no paper says (names, the split over groups and counties, single dates, coordinates) is generated
and marked: every row carries ``is_demo``, generated names end in （演示）, and
``data/assumptions.csv`` lists what was assumed. No person in it exists: identity numbers begin
with 99, phone numbers lie in a range that no network uses.
"""

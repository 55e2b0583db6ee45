"""Pages of a member's or applicant's own data, behind a log-in by phone code."""

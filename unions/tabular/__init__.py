"""Tables that officials bring and take: reading files, typed columns, rows through services."""

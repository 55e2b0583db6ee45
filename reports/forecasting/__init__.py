"""Forecasts of targets: the recent days of a figure, the method, what is written each night."""

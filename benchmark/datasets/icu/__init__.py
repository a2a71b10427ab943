"""What intensive-care datasets share: series of measurements, coded events, notes, facts of a stay.

Times are minutes from the start of a stay's window. Only what lies inside the window reaches a
model, and primary cohorts hold stays that last at least as long, so that the length of a series
says nothing about the outcome.
"""

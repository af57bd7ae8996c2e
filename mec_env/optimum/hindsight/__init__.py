"""Certified bounds on whole episodes whose slots are coupled, one file a coupling."""

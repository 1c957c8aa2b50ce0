"""The labels of the health bands."""

BANDS = [("healthy", "Healthy"), ("watch", "To Be Watched"), ("at_risk", "At Risk")]

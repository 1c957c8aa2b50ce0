import os

from hypothesis import HealthCheck, settings

settings.register_profile("sample", max_examples=200, deadline=None, derandomize=True)
settings.register_profile(
    "full",
    max_examples=5_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("full" if os.environ.get("SUBSCRIPTION_FULL_PROOF") else "sample")

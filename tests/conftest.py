"""What every test shares."""

from hypothesis import HealthCheck, settings

# The machine may be busy: no test fails for taking its time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

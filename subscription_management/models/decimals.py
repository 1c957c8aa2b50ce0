from decimal import Decimal


def exact(value):
    """Return a float of the host as the decimal number that is displayed.

    >>> exact(0.1)
    Decimal('0.1')
    """
    return Decimal(repr(value or 0.0))


def exact_or_none(value):
    """Return a float of the host as `exact` does, None for 0."""
    return exact(value) if value else None

"""The conditions of opportunity rules, one class for each kind of rule."""

from .condition import Condition, Signal
from .payment import PaymentCondition
from .reduction import ReductionCondition
from .renewal import RenewalCondition
from .seats import SeatsCondition

__all__ = [
    "Condition",
    "PaymentCondition",
    "ReductionCondition",
    "RenewalCondition",
    "SeatsCondition",
    "Signal",
]

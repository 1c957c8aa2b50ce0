from . import hold

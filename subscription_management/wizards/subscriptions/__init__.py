from . import pause, suspend

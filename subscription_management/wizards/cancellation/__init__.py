from . import cancel

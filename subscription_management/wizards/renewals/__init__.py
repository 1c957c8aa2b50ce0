from . import renew

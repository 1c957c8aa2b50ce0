from . import discount, duration, grant

from . import models
from .hooks import leave_what_runs_alone

# ruff: noqa: I001 - a model comes before the files that extend it.
from . import payment_method
from . import payment_method_use
from . import dunning_policy
from . import dunning_version
from . import dunning_quiet
from . import dunning_case
from . import dunning_closing
from . import dunning_notice
from . import dunning_steps
from . import dunning_charge
from . import dunning_holds
from . import dunning_settling
from . import dunning_run
from . import payment_provider
from . import payment_transaction
from . import account_move

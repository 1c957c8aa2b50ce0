from . import reason, retention_offer

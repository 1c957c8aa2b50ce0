from . import fulfilment

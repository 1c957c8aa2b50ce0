from . import bands, measures, score

from . import pipeline, results, selection

"""Is the brand meant: the explained score, context packs, ordinary senses, own voice, what people's answers teach."""

from monitor.understanding.relevance.evidence import NEAR
from monitor.understanding.relevance.packs import automatic
from monitor.understanding.relevance.packs import names as pack_names
from monitor.understanding.relevance.weighing import DOUBTFUL_BELOW, OWN_VOICE, Relevance, weigh

__all__ = ["DOUBTFUL_BELOW", "NEAR", "OWN_VOICE", "Relevance", "automatic", "pack_names", "weigh"]

"""The 好差评 platform of the city."""

from channels.evaluation_push.client import EvaluationPush

__all__ = ["EvaluationPush"]

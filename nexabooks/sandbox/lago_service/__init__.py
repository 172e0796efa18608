"""A pretend Lago, v1.51: `LagoService(get_world)`. What it does is what facts/lago.md says the real one does."""

from nexabooks.sandbox.lago_service.service import LagoService

__all__ = ["LagoService"]

"""A pretend vTiger: `VtigerService(get_world, transport="selfhosted"|"cloud")`. What it does is in facts/vtiger.md."""

from nexabooks.sandbox.vtiger_service.service import VtigerService

__all__ = ["VtigerService"]

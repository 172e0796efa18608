"""Alembic's door: it runs the migrations on the connection and in the transaction that `upgrade` opened."""

from alembic import context

from nexabooks.ops.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()

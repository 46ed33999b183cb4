"""Runs migrations on the connection that `recon.store.migrate` hands over."""

from alembic import context

from recon.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,  # true of SQLite, too, once its transactions are begun by hand
)
with context.begin_transaction():
    context.run_migrations()

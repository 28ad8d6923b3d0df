"""What Alembic runs: the steps, within the transaction that `migrate` is in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="ledger_revision")
context.run_migrations()

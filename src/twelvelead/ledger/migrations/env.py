"""What Alembic runs: the steps, within the transaction that `migrate` is in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()

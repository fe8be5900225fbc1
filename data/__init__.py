"""The records: schema, engine, migrations, vault, ledger storage, loaders, the synthetic city."""

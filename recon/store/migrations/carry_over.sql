-- From the last revision before the first release (0014) to the first release's.
UPDATE alembic_version SET version_num = '0015';

#!/bin/sh
# Temporal's two databases, created and brought to the version of this image. It may be run again: what is there stays.
# temporal-sql-tool takes the password from SQL_PASSWORD.
set -eu
tool() { temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" --port 5432 --user "$SQL_USER" "$@"; }
for database in temporal:temporal temporal_visibility:visibility; do
  name=${database%:*} schema=/etc/temporal/schema/postgresql/v12/${database#*:}/versioned
  tool --db "$name" create
  tool --db "$name" setup-schema -v 0.0
  tool --db "$name" update-schema -d "$schema"
done
